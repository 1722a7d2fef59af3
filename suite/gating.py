"""The gate: one function from an adapter to results. The plugin, promotion and nightly runs all call it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from fixtures.catalogs import load_catalog
from fixtures.errors import check_percentage
from fixtures.formats import Format
from fixtures.formats.found import NOTHING, Given
from suite.contracts import CONTRACTS
from suite.engine import CachedEngine, Engine, ReplyStore, Target, identify, start_engine
from suite.exam.own import OwnCases, read_own
from suite.exam.scene import DEFAULT_CATALOGS, Scene
from suite.exam.trained import warning
from suite.judging.contract import Contract
from suite.lanes.asking import Progress
from suite.lanes.known import Corpus
from suite.lanes.loading import asked_of
from suite.lanes.run import Run
from suite.outcome import Identity, Results
from suite.settings import AS_DEPLOYED, DEFAULT_BUDGET, MADE_UP


def gate(
    adapter: Path | str | None,
    *,
    base: str | None = None,
    catalogs: Sequence[str] = (),
    cases: Sequence[str] = (),
    made_up: int = MADE_UP,
    as_deployed: int = AS_DEPLOYED,
    seed: int = 0,
    budget: int = DEFAULT_BUDGET,
    format: str | None = None,
    given: Given = NOTHING,
    engine: Engine | None = None,
    champion: Engine | Target | None = None,
    bare: Engine | None = None,
    contracts: Sequence[Contract] = CONTRACTS,
    cache: Path = Path(".callproof"),
    progress: Progress | None = None,
    to_the_end: bool = False,
    processes: int | None = None,
    leave_out_unaskable: bool = False,
) -> Results:
    """Ask the contracts of an adapter (a folder; None or "none" for the bare base) and return what they say.

    `cases` are files of labelled rows, asked word for word (docs/cases.md); rows without tools have those of the
    catalogs. `made_up` is how many per cent of the cases are on catalogs that nobody wrote; at 0, only the catalogs
    given count, for known counterexamples too; `as_deployed` how many per cent of those on a given catalog declare all
    its tools, in its order. `engine` replaces the real model, for tests and for served systems.
    With a `champion` (a `suite.engine.Target`, or an engine), both answer the same cases and `no_worse_than_champion`
    is asked too. `bare` is the base without the adapter, where `engine` stands for the two together; a real adapter
    brings its own. `given` goes with the format `auto` (docs/formats.md). Replies and counterexamples are kept in
    `cache`, so that an unchanged adapter is judged again without a model call and a killed run goes on. `to_the_end`
    has each gating contract measure its whole budget, so that adapters can be compared by their figures; a verdict is
    as true, and takes longer. `processes` answer together; by default one for each core if the base is small and on a
    processor, else one. `leave_out_unaskable` never asks for tools for which no request can be made up or written,
    instead of refusing their catalog. Raises UserError for every kind of bad input, before any model is loaded where
    that can be known, and `Unwritten`, which has the results, if the disk failed afterwards.
    """
    check_percentage(made_up, "made_up")
    check_percentage(as_deployed, "as_deployed")
    named = tuple(catalogs) or DEFAULT_CATALOGS
    place = None if adapter in (None, "none") else Path(str(adapter))
    if engine is None:
        target = identify(place, base, format, given=given)
        place, engine, bare = _opened(target, cache, processes)
    scene = Scene.on(
        named, made_up, form=engine.format, leave_out_unaskable=leave_out_unaskable, as_deployed=as_deployed
    )
    if isinstance(champion, Target):
        champion = open_engine(champion, cache, processes, beside=engine)
    own = own_cases_of(cases, catalogs, engine.format)
    asked = asked_of(contracts, champion=champion is not None, own=own)
    command = _command(engine.identity, named, cases, made_up, as_deployed, seed, budget, leave_out_unaskable, given)
    run = Run(
        engine=engine, scene=scene, contracts=asked, corpus=Corpus(cache / "counterexamples"),
        command=command, seed=seed, calls=budget, progress=progress,
        champion=champion, bare=bare, to_the_end=to_the_end,
        own=own, trained=warning(own, place),
    )  # fmt: skip
    return run.results()


def _opened(target: Target, cache: Path, processes: int | None) -> tuple[Path | None, CachedEngine, Engine | None]:
    """The adapter's own folder, its engine, and that of its bare base, if it has an adapter."""
    engine = open_engine(target, cache, processes)
    return target.adapter, engine, open_engine(target.bare, cache, processes, beside=engine) if target.adapter else None


def own_cases_of(cases: Sequence[str], catalogs: Sequence[str], form: Format) -> OwnCases:
    """The rows of these files, as a gate on these catalogs asks them; UserError names all that cannot be asked."""
    return read_own(cases, [load_catalog(name) for name in catalogs], form) if cases else OwnCases()


def _command(
    identity: Identity,
    catalogs: Sequence[str],
    cases: Sequence[str],
    made_up: int,
    as_deployed: int,
    seed: int,
    budget: int,
    leave_out: bool,
    given: Given,
) -> str:
    """The command that runs this gate again."""
    parts = ["pytest", "--adapter", identity.adapter, "--base", identity.base, "--format", identity.format]
    for option, said in (
        ("--chat-template", given.chat_template),
        ("--template-kwargs", given.template_kwargs),
        ("--system", given.system),
    ):
        parts += [option, said] if said is not None else []
    parts += [word for name in catalogs for word in ("--catalog", name)]
    parts += [word for name in cases for word in ("--cases", name)]
    parts += ["--made-up", str(made_up)] if made_up != MADE_UP else []
    parts += ["--as-deployed", str(as_deployed)] if as_deployed != AS_DEPLOYED else []
    parts += ["--leave-out-unaskable"] if leave_out else []
    return shlex.join([*parts, "--seed", str(seed), "--budget", str(budget)])


def open_engine(
    target: Target, cache: Path, processes: int | None = None, *, beside: Engine | None = None
) -> CachedEngine:
    """The real engine behind the reply cache; weights are loaded at the first reply that is not cached.

    They are loaded in the processes of the engine `beside` it, if that has others than this one.
    """

    def start() -> Engine:
        other = beside.real() if isinstance(beside, CachedEngine) else beside
        return start_engine(target, processes, beside=other)

    store = ReplyStore(cache / "replies")
    return CachedEngine(target.identity, target.format, start, store, calibrator=target.calibrator)
