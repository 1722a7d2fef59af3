"""One gate from its first question to its results, lane by lane."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from fixtures.errors import UserError
from fixtures.types import Case
from fixtures.versions import installed
from suite.engine import Engine
from suite.engine.again import again
from suite.engine.cached import call_counts
from suite.exam.own import OwnCases
from suite.exam.scene import Scene
from suite.judging.contract import Contract, Statistics, measured
from suite.judging.judged import Judged, readings_of, tally_of
from suite.judging.wrong_format import WrongFormat
from suite.lanes.asking import MAX_NEW_TOKENS, Asker, Progress, calibrator_of
from suite.lanes.beside import TAKES, Seconds
from suite.lanes.budget import ASIDE, CAP, FIRST_LOOK, GLANCE, GOES_ON, ROUND, Budget, longer, tests_in
from suite.lanes.champion import compare
from suite.lanes.counterexamples import are_confirmed, counterexamples, replay_command, wrong_of
from suite.lanes.known import Corpus
from suite.lanes.languages import by_language, by_tool, example_report
from suite.lanes.neighbours import confirmed, with_holes
from suite.lanes.owned import named, report_of
from suite.lanes.search import collect
from suite.outcome import (
    Ceiling,
    ContractResult,
    Interval,
    Lane,
    Never,
    NoWorse,
    OwnReport,
    PolicyUsed,
    Rate,
    Results,
    Scored,
    Verdict,
)
from suite.results.asked import asked_of
from suite.results.unwritten import Unwritten
from suite.settings import DEFAULT_BUDGET
from suite.statistics.finite import file_measures, judge_rows
from suite.statistics.stats import means_of
from suite.statistics.verdict import GATE_RISKS, ceiling_level, judge, may_decide

_LIBRARIES = ("callproof", "hypothesis", "peft", "torch", "transformers", "trl")


@dataclass
class Run:
    """One gate, lane by lane; each lane asks for all contracts at once. What the fields mean, `gate` says."""

    engine: Engine
    scene: Scene
    contracts: tuple[Contract, ...]
    corpus: Corpus
    command: str
    """What runs this gate again; `again` is what it takes to ask one of its cases."""
    again: str
    seed: int = 0
    calls: int = DEFAULT_BUDGET
    progress: Progress | None = None
    champion: Engine | None = None
    bare: Engine | None = None
    to_the_end: bool = False
    own: OwnCases = field(default_factory=OwnCases)
    policy: PolicyUsed | None = None
    trained: str = ""
    """The warning that some of the own rows were trained on, if there is one."""
    taught: str = ""
    """The same of the rows that are examples."""

    def __post_init__(self) -> None:
        asker = partial(Asker, max_new_tokens=MAX_NEW_TOKENS, progress=self.progress)
        self.started, self.budget = datetime.now(UTC), Budget.of(self.calls)
        self.begun = time.monotonic()  # seconds are counted on it: the other clock may be set back meanwhile
        watch = WrongFormat(self.engine.format, self.engine.identity.adapter).look
        self.asker = asker(self.engine, watch=watch)
        self.reigning = asker(self.champion) if self.champion else None
        takes = tuple(asker(again(self.engine, take)) for take in TAKES)
        self.seconds = Seconds(takes, asker(self.bare) if self.bare else None)
        self.alone = tuple(c for c in self.contracts if not isinstance(c.bar, NoWorse))
        self.risks = GATE_RISKS.shared(tests_in(self.contracts))
        self.order = self.own.shuffled(self.seed)
        self.summed: dict[str, tuple[int, Statistics]] = {}
        self.unwritten: UserError | None = None
        self.cut_short: set[str] = set()
        """The contracts that got fewer cases than they would have had, because a gating one had failed."""

    def results(self) -> Results:
        judged: dict[str, list[Judged]] = {c.name: [] for c in self.contracts}
        gating = [c for c in self.alone if c.bar.gating]
        asked = [c for c in self.alone if not c.rows]
        self._lane("known", asked, lambda c: self.scene.of(self.corpus.cases(c.name)), judged)
        must = [c for c in gating if c.rows == "must"]
        self._lane("measure", must, self._rows, judged)  # all of them, whatever the budget is
        self._measure(gating, judged, self.budget.measure)
        self._measure_on(gating, judged)
        drawn = partial(collect, scene=self.scene, examples=self.budget.search, run_seed=self.seed)
        failed = [c for c in gating if self._failed(c, judged)]
        # A find sinks a *never* contract. Of a rate it is an example to show; a gate that has failed has others.
        bars = (Never,) if failed else (Never, Rate)
        hunted = [c for c in asked if c.bar.gating and c not in failed and isinstance(c.bar, bars)]
        self._lane("search", hunted, drawn, judged)
        found = any(self._failed(c, judged) for c in hunted)
        most = GLANCE if (failed or found) and not self.to_the_end else None
        self._measure([c for c in self.alone if not c.bar.gating], judged, ASIDE, at_once=most)
        failed = [c for c in gating if self._failed(c, judged)]
        contracts = tuple(
            self._conclude(c, judged[c.name], failed) if c in self.alone else self._compare(c, judged)
            for c in self.contracts
        )
        results = Results(
            identity=self.engine.identity,
            catalogs={c.catalog.name: c.digest for c in self.scene.catalogs},
            made_up_percent=self.scene.made_up_percent,
            as_deployed_percent=self.scene.as_deployed_percent,
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
            policy=self.policy,
            readings=readings_of((j for c in self.alone for j in judged[c.name]), self.engine.format),
            own=self._own_report(judged),
            examples=example_report(self.scene, (j for c in asked for j in judged[c.name]), self.taught),
            tools=by_tool(self.scene, {c.name: judged[c.name] for c in asked}),
        )
        if self.unwritten:
            raise Unwritten(self.unwritten, results)
        return results

    def _measure(
        self,
        contracts: Sequence[Contract],
        judged: dict[str, list[Judged]],
        whole: int,
        *,
        at_once: int | None = None,
        begun: int = 0,
    ) -> None:
        """Rounds of independent draws, until each contract is decided or has had `whole` of them.

        Fewer once a gating contract has failed: the others are cut short then. `at_once` is what is left of them then,
        where that is known before the first round; `begun` is how many they have had.
        """
        left, done, shut, most = list(contracts), begun, False, whole if at_once is None else at_once
        while True:
            settled = [c for c in left if self._settled(c, judged[c.name], done)]
            left = [c for c in left if c not in settled]
            shut |= any(self._failed(c, judged) for c in settled) and not self.to_the_end
            if shut and done:  # one that fails by a known counterexample does before the first round; others have it
                most = min(most, max(CAP, done))
                kept = [c for c in left if may_decide(tally_of(judged[c.name]), c.bar, most - done, self.risks)]
                self.cut_short |= {c.name for c in left if c not in kept}
                left = kept
            if not left or done >= most:
                self.cut_short |= {c.name for c in left if done < min(whole, c.sample or whole)}
                return
            numbers = range(done, min(done + ROUND, most))
            self._lane("measure", left, partial(self._sample, numbers=numbers), judged)
            done = numbers.stop

    def _measure_on(self, gating: Sequence[Contract], judged: dict[str, list[Judged]]) -> None:
        """Beyond the budget, what alone keeps the gate from its verdict, if it may be."""
        verdicts = {c.name: self._verdict(c, judged[c.name])[0].name for c in gating}
        left = [c for c in gating if verdicts[c.name] != "pass"]
        if left and all(longer(c) > 1 and verdicts[c.name] == "undecided" for c in left):
            measured = self.budget.measure
            self._measure(left, judged, GOES_ON * measured, begun=measured)

    def _sample(self, contract: Contract, numbers: range) -> list[Case]:
        """Independent seeded draws; contracts that draw alike share them, and so their replies. Rows come in order."""
        if contract.rows:
            return self._rows(contract)[numbers.start : numbers.stop] if contract.rows == "sample" else []
        wanted = range(numbers.start, min(numbers.stop, contract.sample or numbers.stop))
        return [measured(contract, self.scene, self.seed, n) for n in wanted]

    def _rows(self, contract: Contract) -> list[Case]:
        """The user's own rows that a contract is asked with, in the seeded order."""
        return [one.case for one in self.order if one.must == (contract.rows == "must")]

    def _own_report(self, judged: Mapping[str, Sequence[Judged]]) -> OwnReport | None:
        asked = [j for c in self.alone if c.rows for j in judged[c.name]]
        return report_of(self.own, asked, self.trained) if asked else None

    def _settled(self, contract: Contract, judged: Sequence[Judged], drawn: int) -> bool:
        """Whether the verdict stands, after so many draws. A statistic is looked at once before the end: `LOOKS`."""
        if contract.rows and len(judged) == len(self._rows(contract)):
            return True
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
        if contract.rows:
            measures = file_measures(tally_of(judged), len(self._rows(contract))) if contract.rows == "sample" else {}
            return Statistics(measures, {})
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
        if contract.rows:
            return judge_rows(tally_of(judged), contract.bar, len(self._rows(contract)), self.risks)
        known = figures or self._figures(contract, judged)
        return judge(tally_of(judged), contract.bar, known.measures, self.risks)

    def _conclude(self, contract: Contract, judged: Sequence[Judged], failed: Sequence[Contract]) -> ContractResult:
        figures = self._figures(contract, judged)
        verdict, held_rate = self._verdict(contract, judged, figures)
        cut_short = failed[0].name if failed and contract.name in self.cut_short else ""
        if cut_short:
            verdict = replace(verdict, reason=f"{verdict.reason}; cut short, because {cut_short} had failed")
        if contract.rows == "must" and verdict.name == "fail":
            verdict = replace(verdict, reason=f"{verdict.reason}: {named(self.own, judged)}")
        # A row of the user's own stands in a file of theirs already, and is asked word for word.
        calls = self.budget.shrink if contract.bar.gating and not contract.rows else 0
        replay = partial(replay_command, contract, self.command, self.again, self.engine.identity.dtype)
        examples = counterexamples(contract, judged, self.asker, calls, replay)
        if are_confirmed(contract):
            examples = confirmed(contract, examples, self.asker, self.scene)
            verdict = with_holes(verdict, examples)
        for example in () if contract.rows else examples:
            try:
                self.corpus.keep(contract.name, example.case)
            except UserError as error:  # people wait for the verdict, which needs no disk
                self.unwritten = self.unwritten or error
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
            wrong=wrong_of(contract, judged),
            cut_short=cut_short,
            languages=() if contract.rows else by_language(judged),
            asked=asked_of((j.case, j.outcome) for j in judged if j.lane == "measure"),
        )

    def _compare(self, contract: Contract, judged: Mapping[str, Sequence[Judged]]) -> ContractResult:
        """Against the champion, on what was measured of the other gating contracts."""
        assert self.reigning
        measured = {
            c: [(j.case, j.outcome) for j in judged[c.name] if j.lane == "measure"] for c in self.alone if c.bar.gating
        }
        name = self.reigning.engine.identity.adapter
        return compare(contract, name, measured, self.reigning, self.risks.alpha)
