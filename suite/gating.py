"""The gate: one function from an adapter to results. The plugin, promotion and nightly runs all call it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fixtures.catalogs import load_catalog
from fixtures.cores import AUTO, check_dtype
from fixtures.errors import check_percentage
from fixtures.formats import Format
from fixtures.formats.found import NOTHING, Given
from fixtures.vocab import Split
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
from suite.policy import used, with_bars
from suite.settings import DEFAULT_BUDGET, Settings, usual_as_deployed, usual_made_up


def gate(
    adapter: Path | str | None,
    *,
    base: str | None = None,
    catalogs: Sequence[str] = (),
    cases: Sequence[str] = (),
    examples: Sequence[str] = (),
    made_up: int | None = None,
    as_deployed: int | None = None,
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
    bars: Mapping[str, Any] | None = None,
    dtype: str = AUTO,
    read: Read | None = None,
) -> Results:
    """Ask the contracts of an adapter (a folder; None or "none" for the bare base) and return what they say.

    What the cases are drawn from, `Drawn` says. `engine` replaces the real model, for tests and for served systems.
    With a `champion` (a `suite.engine.Target`, or an engine), both answer the same cases and `no_worse_than_champion`
    is asked too. `bare` is the base without the adapter, where `engine` stands for the two together; a real adapter
    brings its own. `given` goes with the format `auto` (docs/formats.md). Replies and counterexamples are kept in
    `cache`, so that an unchanged adapter is judged again without a model call and a killed run goes on. `to_the_end`
    has each gating contract measure its whole budget, so that adapters can be compared by their figures; a verdict is
    as true, and takes longer. `processes` answer together; by default one for each core if the base is small and on a
    processor, else one. `bars` is the owner's policy, by contract (docs/policy.md). The engines compute in `dtype`;
    `auto` is the faster one of those that the machine has built in, measured on the first prompts. `read` is what a
    caller has read already of the same files, in the engine's format. Raises UserError for every kind of bad input,
    before any model is loaded where that can be known, and `Unwritten`, which has the results, if the disk failed then.
    """
    made_up = usual_made_up(examples) if made_up is None else made_up
    as_deployed = usual_as_deployed(examples) if as_deployed is None else as_deployed
    check_dtype(dtype, "dtype")
    named, policy = tuple(catalogs), dict(bars or {})
    drawn = Drawn(named, tuple(cases), tuple(examples), made_up, as_deployed, seed, budget, leave_out_unaskable)
    place = None if adapter in (None, "none") else Path(str(adapter))
    if engine is None:
        place, engine, bare = opened(identify(place, base, format, given=given), cache, processes, dtype)
    scene, own = (read.scene, read.own) if read else (drawn.scene(engine.format), drawn.own(engine.format))
    if isinstance(champion, Target):
        champion = open_engine(champion, cache, processes, beside=engine, dtype=dtype)
    asked = asked_of(with_bars(contracts, policy, budget=budget), champion=champion is not None, own=own)
    run = Run(
        engine=engine, scene=scene, contracts=asked, corpus=Corpus(cache / "counterexamples"),
        command=drawn.command(engine.identity, policy, given), again=drawn.again(engine.identity, given), seed=seed,
        calls=budget, progress=progress,
        champion=champion, bare=bare, to_the_end=to_the_end, policy=used(asked, policy, contracts),
        own=own, trained=warning(own.asked, place), taught=warning(scene.examples.requests, place),
    )  # fmt: skip
    return run.results()


@dataclass(frozen=True, slots=True)
class Read:
    """What cases are drawn from, once its files are read, and the user's own rows."""

    scene: Scene
    own: OwnCases


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the cases of a gate are drawn from.

    `cases` are files of labelled rows, asked word for word (docs/cases.md); rows without tools have those of the
    `catalogs`. `examples` are such files in whose words tools are asked for, with other values (docs/exam.md).
    `made_up` is how many per cent of the cases are on catalogs that nobody wrote; at 0, only the catalogs given count,
    for known counterexamples too. `as_deployed` is how many per cent of those on a given catalog declare all its tools,
    in its order. `leave_out_unaskable` never asks for tools for which no request can be made up or written, instead of
    refusing their catalog.
    """

    catalogs: tuple[str, ...]
    cases: tuple[str, ...]
    examples: tuple[str, ...]
    made_up: int
    as_deployed: int
    seed: int
    budget: int
    leave_out_unaskable: bool

    @classmethod
    def of(cls, settings: Settings) -> Drawn:
        """What a gate by these settings draws from."""
        return cls(
            settings.catalog, settings.cases, settings.examples, settings.made_up, settings.as_deployed, settings.seed,
            settings.budget, settings.leave_out_unaskable,
        )  # fmt: skip

    def scene(self, form: Format, split: Split = "gate") -> Scene:
        """With the words of the exam, or of another split; UserError for a share that is none, and for catalogs and
        rows that cannot be asked."""
        check_percentage(self.made_up, "made_up")
        check_percentage(self.as_deployed, "as_deployed")
        return Scene.on(
            self.catalogs, self.made_up, split, form=form, leave_out_unaskable=self.leave_out_unaskable,
            as_deployed=self.as_deployed, examples=self.examples,
        )  # fmt: skip

    def own(self, form: Format) -> OwnCases:
        """The user's own rows; UserError names all that cannot be asked."""
        return own_cases_of(self.cases, self.catalogs, form)

    def read(self, form: Format) -> Read:
        """All of it, for whoever looks at it before the gate does."""
        return Read(self.scene(form), self.own(form))

    def command(self, identity: Identity, bars: Mapping[str, Any], given: Given) -> str:
        """The command that runs this gate again."""
        parts = self._of_whom(identity, given) + [word for name in self.cases for word in ("--cases", name)]
        for option, share, usual in (
            ("--made-up", self.made_up, usual_made_up(self.examples)),
            ("--as-deployed", self.as_deployed, usual_as_deployed(self.examples)),
        ):
            parts += [option, str(share)] if share != usual else []
        parts += [word for name, bar in bars.items() for word in ("--bar", f"{name}={_as_toml(bar)}")]
        return shlex.join([*parts, "--seed", str(self.seed), "--budget", str(self.budget)])

    def again(self, identity: Identity, given: Given) -> str:
        """What a command begins with that asks one case of this gate again."""
        return shlex.join(self._of_whom(identity, given))

    def _of_whom(self, identity: Identity, given: Given) -> list[str]:
        """Who is asked, and from what catalogs and sentences."""
        named = self.catalogs if self.examples else self.catalogs or DEFAULT_CATALOGS
        parts = ["pytest", "--adapter", identity.adapter, "--base", identity.base, "--format", identity.format]
        for option, said in (
            ("--chat-template", given.chat_template),
            ("--template-kwargs", given.template_kwargs),
            ("--system", given.system),
        ):
            parts += [option, said] if said is not None else []
        for option, names in (("--catalog", named), ("--examples", self.examples)):
            parts += [word for name in names for word in (option, name)]
        return parts + (["--leave-out-unaskable"] if self.leave_out_unaskable else [])


def opened(
    target: Target, cache: Path, processes: int | None, dtype: str
) -> tuple[Path | None, CachedEngine, Engine | None]:
    """The adapter's own folder, its engine, and that of its bare base, if it has an adapter."""
    engine = open_engine(target, cache, processes, dtype=dtype)
    return target.adapter, engine, open_engine(target.bare, cache, processes, beside=engine) if target.adapter else None


def own_cases_of(cases: Sequence[str], catalogs: Sequence[str], form: Format) -> OwnCases:
    """The rows of these files, as a gate on these catalogs asks them; UserError names all that cannot be asked."""
    return read_own(cases, [load_catalog(name) for name in catalogs], form) if cases else OwnCases()


def _as_toml(bar: Any) -> str:
    """A bar as it stands in a settings file."""
    if not isinstance(bar, Mapping):
        return str(bar)
    return "{" + ", ".join(f"{name} = {json.dumps(figure)}" for name, figure in bar.items()) + "}"


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
