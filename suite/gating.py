"""The gate: one function from an adapter to results. The plugin, promotion and nightly runs all call it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from fixtures.catalogs import load_catalog
from fixtures.cores import AUTO, check_dtype
from fixtures.errors import check_percentage
from fixtures.formats import Format
from suite.contracts import CONTRACTS
from suite.engine import CachedEngine, Engine, Precision, ReplyStore, Target, identify, start_engine
from suite.exam.own import OwnCases, read_own
from suite.exam.scene import DEFAULT_CATALOGS, Scene
from suite.exam.trained import warning
from suite.judging.contract import Contract
from suite.lanes.asking import Progress
from suite.lanes.known import Corpus
from suite.lanes.loading import asked_of
from suite.lanes.run import Run
from suite.outcome import Identity, Results
from suite.settings import DEFAULT_BUDGET, MADE_UP


def gate(
    adapter: Path | str | None,
    *,
    base: str | None = None,
    catalogs: Sequence[str] = (),
    cases: Sequence[str] = (),
    made_up: int = MADE_UP,
    seed: int = 0,
    budget: int = DEFAULT_BUDGET,
    format: str | None = None,
    engine: Engine | None = None,
    champion: Engine | Target | None = None,
    bare: Engine | None = None,
    contracts: Sequence[Contract] = CONTRACTS,
    cache: Path = Path(".callproof"),
    progress: Progress | None = None,
    to_the_end: bool = False,
    processes: int | None = None,
    leave_out_unaskable: bool = False,
    dtype: str = AUTO,
) -> Results:
    """Ask the contracts of an adapter (a folder; None or "none" for the bare base) and return what they say.

    `cases` are files of labelled rows, asked word for word (docs/cases.md); rows without tools have those of the
    catalogs. `made_up` is how many per cent of the cases are on catalogs that nobody wrote; at 0, only the catalogs
    given count, for known counterexamples too. `engine` replaces the real model, for tests and for served systems.
    With a `champion` (a `suite.engine.Target`, or an engine), both answer the same cases and `no_worse_than_champion`
    is asked too.
    `bare` is the base without the adapter, where `engine` stands for the two together; a real adapter brings its own.
    Replies and counterexamples are kept in `cache`, so that an unchanged adapter is judged again without a model call
    and a killed run goes on. `to_the_end` has each gating contract measure its whole budget, so that adapters can be
    compared by their figures; a verdict is as true, and takes longer. `processes` answer together; by default one for
    each core if the base is small and on a processor, else one. `leave_out_unaskable` never asks for tools for which
    no request can be made up or written, instead of refusing their catalog. The engines compute in `dtype`; `auto` is
    the faster one of those that the machine has built in, measured on the first prompts. Raises UserError for every
    kind of bad input, before any model is loaded where that can be known, and `Unwritten`, which has the results, if
    the disk failed afterwards.
    """
    check_percentage(made_up, "made_up")
    check_dtype(dtype, "dtype")
    named = tuple(catalogs) or DEFAULT_CATALOGS
    place = None if adapter in (None, "none") else Path(str(adapter))
    if engine is None:
        target = identify(place, base, format)
        place = target.adapter
        engine = open_engine(target, cache, processes, dtype=dtype)
        bare = open_engine(target.bare, cache, processes, beside=engine) if target.adapter else None
    scene = Scene.on(named, made_up, form=engine.format, leave_out_unaskable=leave_out_unaskable)
    if isinstance(champion, Target):
        champion = open_engine(champion, cache, processes, beside=engine, dtype=dtype)
    own = own_cases_of(cases, catalogs, engine.format)
    asked = asked_of(contracts, champion=champion is not None, own=own)
    command = _command(engine.identity, named, cases, made_up, seed, budget, leave_out_unaskable)
    run = Run(
        engine=engine, scene=scene, contracts=asked, corpus=Corpus(cache / "counterexamples"),
        command=command, seed=seed, calls=budget, progress=progress,
        champion=champion, bare=bare, to_the_end=to_the_end,
        own=own, trained=warning(own, place),
    )  # fmt: skip
    return run.results()


def own_cases_of(cases: Sequence[str], catalogs: Sequence[str], form: Format) -> OwnCases:
    """The rows of these files, as a gate on these catalogs asks them; UserError names all that cannot be asked."""
    return read_own(cases, [load_catalog(name) for name in catalogs], form) if cases else OwnCases()


def _command(
    identity: Identity,
    catalogs: Sequence[str],
    cases: Sequence[str],
    made_up: int,
    seed: int,
    budget: int,
    leave_out: bool,
) -> str:
    """The command that runs this gate again."""
    parts = ["pytest", "--adapter", identity.adapter, "--base", identity.base, "--format", identity.format]
    parts += [word for name in catalogs for word in ("--catalog", name)]
    parts += [word for name in cases for word in ("--cases", name)]
    parts += ["--made-up", str(made_up)] if made_up != MADE_UP else []
    parts += ["--leave-out-unaskable"] if leave_out else []
    return shlex.join([*parts, "--seed", str(seed), "--budget", str(budget)])


def open_engine(
    target: Target,
    cache: Path,
    processes: int | None = None,
    *,
    beside: Engine | None = None,
    dtype: str = AUTO,
) -> CachedEngine:
    """The real engine behind the reply cache; weights are loaded at the first reply that is not cached.

    They are loaded in the processes of the engine `beside` it, if that has others than this one, and compute in the
    dtype of that one, if it has one; else in this one.
    """
    shared = beside.precision if isinstance(beside, CachedEngine) else None
    precision = shared or Precision(dtype, target.base.digest, cache)

    def start(chosen: str, other: Engine | None) -> Engine:
        if other is None:
            other = beside.real() if isinstance(beside, CachedEngine) else beside
        return start_engine(target.in_dtype(chosen), processes, beside=other)

    return CachedEngine(
        target.identity, target.format, lambda: start(precision.dtype, None), ReplyStore(cache / "replies"),
        calibrator=target.calibrator, precision=precision, settle=partial(precision.settle, start),
    )  # fmt: skip
