"""The gate: one function from an adapter to results. The plugin, promotion and nightly runs all call it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from fixtures.choosing import SeededChooser
from fixtures.errors import check_percentage
from fixtures.types import Case
from fixtures.versions import installed
from suite.contracts import CONTRACTS
from suite.engine import CachedEngine, Engine, ReplyStore, Target, identify, start_engine
from suite.engine.again import again
from suite.engine.cached import call_counts
from suite.exam.scene import DEFAULT_CATALOGS, Scene
from suite.judging.contract import Contract, Statistics
from suite.judging.judged import Judged, tally_of
from suite.lanes.asking import Asker, Progress, calibrator_of
from suite.lanes.beside import TAKES, Seconds
from suite.lanes.budget import ASIDE, CAP, FIRST_LOOK, GLANCE, ROUND, Budget
from suite.lanes.champion import compare
from suite.lanes.counterexamples import counterexamples
from suite.lanes.known import Corpus
from suite.lanes.search import collect
from suite.outcome import (
    Ceiling,
    ContractResult,
    Identity,
    Interval,
    Lane,
    Never,
    NoWorse,
    Rate,
    Results,
    Scored,
    Verdict,
)
from suite.settings import DEFAULT_BUDGET, MADE_UP
from suite.statistics.stats import means_of
from suite.statistics.verdict import GATE_RISKS, ceiling_level, judge, may_decide

MAX_NEW_TOKENS = 160
_LIBRARIES = ("callproof", "hypothesis", "peft", "torch", "transformers", "trl")


def gate(
    adapter: Path | str | None,
    *,
    base: str | None = None,
    catalogs: Sequence[str] = (),
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
) -> Results:
    """Ask the contracts of an adapter (a folder; None or "none" for the bare base) and return what they say.

    `made_up` is how many per cent of the cases are on catalogs that nobody wrote; at 0, only the catalogs given count,
    for known counterexamples too. `engine` replaces the real model, for tests and for served systems. With a `champion`
    (a `suite.engine.Target`, or an engine), both answer the same cases and `no_worse_than_champion` is asked too.
    `bare` is the base without the adapter, where `engine` stands for the two together; a real adapter brings its own.
    Replies and counterexamples are kept in `cache`, so that an unchanged adapter is judged again without a model call
    and a killed run goes on. `to_the_end` has each gating contract measure its whole budget, so that adapters can be
    compared by their figures; a verdict is as true, and takes longer. `processes` answer together; by default one for
    each core if the base is small and on a processor, else one. `leave_out_unaskable` never asks for tools for which
    no request can be made up or written, instead of refusing their catalog. Raises UserError for every kind of bad
    input, before any model is loaded where that can be known.
    """
    check_percentage(made_up, "made_up")
    named = tuple(catalogs) or DEFAULT_CATALOGS
    if engine is None:
        target = identify(None if adapter in (None, "none") else Path(str(adapter)), base, format)
        engine = open_engine(target, cache, processes)
        bare = open_engine(target.bare, cache, processes, beside=engine) if target.adapter else None
    scene = Scene.on(named, made_up, form=engine.format, leave_out_unaskable=leave_out_unaskable)
    if isinstance(champion, Target):
        champion = open_engine(champion, cache, processes, beside=engine)
    asked = tuple(c for c in contracts if champion or not isinstance(c.bar, NoWorse))
    command = _command(engine.identity, named, made_up, seed, budget, leave_out_unaskable)
    run = Run(
        engine=engine, scene=scene, contracts=asked, corpus=Corpus(cache / "counterexamples"),
        command=command, seed=seed, calls=budget, progress=progress,
        champion=champion, bare=bare, to_the_end=to_the_end,
    )  # fmt: skip
    return run.results()


def _command(identity: Identity, catalogs: Sequence[str], made_up: int, seed: int, budget: int, leave_out: bool) -> str:
    """The command that runs this gate again."""
    parts = ["pytest", "--adapter", identity.adapter, "--base", identity.base, "--format", identity.format]
    parts += [word for name in catalogs for word in ("--catalog", name)]
    parts += ["--made-up", str(made_up)] if made_up != MADE_UP else []
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


@dataclass
class Run:
    """One gate, lane by lane; each lane asks for all contracts at once. What the fields mean, `gate` says."""

    engine: Engine
    scene: Scene
    contracts: tuple[Contract, ...]
    corpus: Corpus
    command: str
    seed: int = 0
    calls: int = DEFAULT_BUDGET
    progress: Progress | None = None
    champion: Engine | None = None
    bare: Engine | None = None
    to_the_end: bool = False

    def __post_init__(self) -> None:
        asker = partial(Asker, max_new_tokens=MAX_NEW_TOKENS, progress=self.progress)
        self.started, self.budget = datetime.now(UTC), Budget.of(self.calls)
        self.begun = time.monotonic()  # seconds are counted on it: the other clock may be set back meanwhile
        self.asker, self.reigning = asker(self.engine), asker(self.champion) if self.champion else None
        takes = tuple(asker(again(self.engine, take)) for take in TAKES)
        self.seconds = Seconds(takes, asker(self.bare) if self.bare else None)
        self.alone = tuple(c for c in self.contracts if not isinstance(c.bar, NoWorse))
        self.risks = GATE_RISKS.shared(sum(c.bar.gating for c in self.contracts))
        self.summed: dict[str, tuple[int, Statistics]] = {}

    def results(self) -> Results:
        judged: dict[str, list[Judged]] = {c.name: [] for c in self.contracts}
        gating = [c for c in self.alone if c.bar.gating]
        self._lane("known", self.alone, lambda c: self.scene.of(self.corpus.cases(c.name)), judged)
        self._measure(gating, judged, self.budget.measure)
        drawn = partial(collect, scene=self.scene, examples=self.budget.search, run_seed=self.seed)
        failed = [c for c in gating if self._failed(c, judged)]
        # A find sinks a *never* contract. Of a rate it is an example to show; a gate that has failed has others.
        hunted = [c for c in gating if c not in failed and isinstance(c.bar, (Never,) if failed else (Never, Rate))]
        self._lane("search", hunted, drawn, judged)
        found = any(self._failed(c, judged) for c in hunted)
        most = GLANCE if (failed or found) and not self.to_the_end else ASIDE
        self._measure([c for c in self.alone if not c.bar.gating], judged, most)
        contracts = tuple(
            self._conclude(c, judged[c.name]) if c in self.alone else self._compare(c, judged) for c in self.contracts
        )
        return Results(
            identity=self.engine.identity,
            catalogs={c.catalog.name: c.digest for c in self.scene.catalogs},
            made_up_percent=self.scene.made_up_percent,
            seed=self.seed,
            budget=self.calls,
            max_new_tokens=MAX_NEW_TOKENS,
            started=self.started.isoformat(timespec="seconds"),
            seconds=round(time.monotonic() - self.begun, 2),
            calls=call_counts(self.engine, *(asker.engine for asker in self.seconds.askers)),
            libraries=installed(*_LIBRARIES),
            risks={"alpha": GATE_RISKS.alpha, "beta": GATE_RISKS.beta},
            contracts=contracts,
            champion=self.champion.identity if self.champion else None,
            calibrator=calibrator.used if (calibrator := calibrator_of(self.engine)) else None,
            to_the_end=self.to_the_end,
        )

    def _measure(self, contracts: Sequence[Contract], judged: dict[str, list[Judged]], most: int) -> None:
        """Rounds of independent draws, until each contract is decided or has had `most` of them."""
        left, done, shut = list(contracts), 0, False
        while True:
            settled = [c for c in left if self._settled(c, judged[c.name], done)]
            left = [c for c in left if c not in settled]
            shut |= any(self._failed(c, judged) for c in settled) and not self.to_the_end
            if shut and done:  # one that fails by a known counterexample does before the first round; others have it
                most = min(most, max(CAP, done))
                left = [c for c in left if may_decide(tally_of(judged[c.name]), c.bar, most - done, self.risks)]
            if not left or done >= most:
                return
            numbers = range(done, min(done + ROUND, most))
            self._lane("measure", left, partial(self._sample, numbers=numbers), judged)
            done = numbers.stop

    def _sample(self, contract: Contract, numbers: range) -> list[Case]:
        """Independent seeded draws; contracts that draw alike share them, and so their replies."""
        name, wanted = contract.draw.__name__, range(numbers.start, min(numbers.stop, contract.sample or numbers.stop))
        return [contract.draw(self.scene, SeededChooser(f"measure:{self.seed}:{name}:{n}")) for n in wanted]

    def _settled(self, contract: Contract, judged: Sequence[Judged], drawn: int) -> bool:
        """Whether the verdict stands, after so many draws. A statistic is looked at once before the end: `LOOKS`."""
        if not contract.bar.gating:
            return contract.sample is not None and drawn >= contract.sample
        if self.to_the_end:
            return False
        if isinstance(contract.bar, Ceiling):
            first = min(self.budget.measure / 2, FIRST_LOOK)
            if not drawn - ROUND < first <= drawn:
                return False
        return self._verdict(contract, judged)[0].name in ("pass", "fail")

    def _failed(self, contract: Contract, judged: Mapping[str, Sequence[Judged]]) -> bool:
        return self._verdict(contract, judged[contract.name])[0].name == "fail"

    def _lane(
        self,
        lane: Lane,
        contracts: Sequence[Contract],
        draw: Callable[[Contract], list[Case]],
        judged: dict[str, list[Judged]],
    ) -> None:
        """Draw for these contracts, ask in one batch, judge each case by the contract it was drawn for."""
        drawn = [(contract, case) for contract in contracts for case in draw(contract)]
        replies = self.seconds.added(drawn, self.asker.ask([case for _, case in drawn], lane))
        for (contract, case), reply in zip(drawn, replies, strict=True):
            judged[contract.name].append(Judged(lane, case, reply, contract.judge(case, reply)))

    def _figures(self, contract: Contract, judged: Sequence[Judged]) -> Statistics:
        """What the measured cases come to; resampling takes its time, so only where there are more than last time."""
        measured = [j.outcome for j in judged if j.lane == "measure"]
        scored = [outcome for outcome in measured if isinstance(outcome, Scored)]
        if not contract.summarise or not scored:
            return Statistics(means_of(measured), {})
        if contract.name not in self.summed or self.summed[contract.name][0] != len(scored):
            self.summed[contract.name] = len(scored), contract.summarise(scored, self.seed, ceiling_level(self.risks))
        return self.summed[contract.name][1]

    def _verdict(
        self, contract: Contract, judged: Sequence[Judged], figures: Statistics | None = None
    ) -> tuple[Verdict, Interval | None]:
        known = figures or self._figures(contract, judged)
        return judge(tally_of(judged), contract.bar, known.measures, self.risks)

    def _conclude(self, contract: Contract, judged: Sequence[Judged]) -> ContractResult:
        figures = self._figures(contract, judged)
        verdict, held_rate = self._verdict(contract, judged, figures)
        calls = self.budget.shrink if contract.bar.gating else 0
        examples = counterexamples(contract, judged, self.asker, calls, f"{self.command} -k {contract.name}")
        for example in examples:
            self.corpus.keep(contract.name, example.case)
        return ContractResult(
            name=contract.name,
            promise=contract.promise,
            bar=contract.bar,
            verdict=verdict,
            tally=tally_of(judged),
            held_rate=held_rate,
            measures=figures.measures,
            curves=figures.curves,
            counterexamples=examples,
        )

    def _compare(self, contract: Contract, judged: Mapping[str, Sequence[Judged]]) -> ContractResult:
        """Against the champion, on what was measured of the other gating contracts."""
        assert self.reigning
        measured = {
            c: [(j.case, j.outcome) for j in judged[c.name] if j.lane == "measure"] for c in self.alone if c.bar.gating
        }
        name = self.reigning.engine.identity.adapter
        return compare(contract, name, measured, self.reigning, self.risks.alpha)
