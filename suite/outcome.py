"""The plain values that contracts, engines and reports exchange. All frozen; nothing here decides anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fixtures.types import Case
from suite.asked import AskedCase
from suite.bars import Bar, Ceiling, Every, Never, NoWorse, PairedPart, Rate, ReportOnly
from suite.figures import Interval, Slice, ToolReport
from suite.reply import Readings
from suite.settings import MADE_UP
from suite.user_rows import BrokenRow, Called, ExampleReport, Unjudged


@dataclass(frozen=True, slots=True)
class Held:
    """The contract holds for this reply; `figures` (0 to 1) are told as means over the measured sample."""

    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Broken:
    """The contract is broken; `got` and `wanted` are short texts for a person, `figures` as above."""

    got: str
    wanted: str
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The contract says nothing about this case."""

    why: str


@dataclass(frozen=True, slots=True)
class Scored:
    """For contracts about confidence: how sure the reply was (0 to 1), and whether it was right.

    `parts` has parts of the reply, with the confidence in each and whether it was right. Cases of one `unit` (a
    conversation) are not independent of each other; without a name, the case is a unit of its own.
    """

    confidence: Mapping[str, float]
    correct: bool
    parts: Mapping[str, tuple[float, bool]] = field(default_factory=dict)
    unit: str = ""


__all__ = [
    "AskedCase",
    "Bar",
    "Bin",
    "Broken",
    "BrokenRow",
    "CalibratorUsed",
    "Called",
    "Ceiling",
    "ContractResult",
    "Counterexample",
    "Every",
    "Held",
    "Identity",
    "Interval",
    "Lane",
    "Never",
    "NoWorse",
    "NotApplicable",
    "Outcome",
    "OwnReport",
    "PairedPart",
    "PolicyUsed",
    "Rate",
    "Readings",
    "ReportOnly",
    "Results",
    "Scored",
    "Slice",
    "Tally",
    "ToolReport",
    "Verdict",
    "VerdictName",
    "WrongArgument",
]  # fmt: skip

Outcome: TypeAlias = Held | Broken | NotApplicable | Scored

Lane: TypeAlias = Literal["known", "measure", "search"]
VerdictName: TypeAlias = Literal["pass", "fail", "undecided", "measured"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Pass, fail or undecided (measured for bars that do not gate), and why in one sentence."""

    name: VerdictName
    reason: str


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of the measuring lane, and how many failures the other lanes found."""

    trials: int
    held: int
    not_applicable: int = 0
    found: int = 0


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A failing case with all that a person needs to see what went wrong and to run it again.

    `other` is the raw reply that `raw` was compared with, for contracts that compare.
    """

    contract: str
    case: Case
    raw: str
    got: str
    wanted: str
    lane: Lane
    minimal: bool
    replay: str
    other: str | None = None
    neighbours: int = 0
    """How many fresh cases around it were asked, 0 if none was; `broken_beside` of them fail too."""
    broken_beside: int = 0

    @property
    def is_hole(self) -> bool:
        """Whether it stands for many: at least a quarter of its neighbours fail too."""
        return self.neighbours > 0 and 4 * self.broken_beside >= self.neighbours


@dataclass(frozen=True, slots=True)
class Bin:
    """One point of a reliability curve: `count` cases of mean confidence `confidence`, `accuracy` of them right."""

    confidence: float
    accuracy: Interval
    count: int


@dataclass(frozen=True, slots=True)
class WrongArgument:
    """One argument of a call that is not right, and how; `count` is how often that was seen."""

    tool: str
    parameter: str
    how: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class ContractResult:
    """What the gate says about one contract; `held_rate` is true whenever the gate stopped, None without trials."""

    name: str
    promise: str
    bar: Bar
    verdict: Verdict
    tally: Tally
    held_rate: Interval | None
    measures: Mapping[str, Interval] = field(default_factory=dict)
    curves: Mapping[str, Sequence[Bin]] = field(default_factory=dict)
    counterexamples: Sequence[Counterexample] = ()
    wrong: Sequence[WrongArgument] = ()
    """Of a contract about arguments: which were wrong in the measured sample, and how, the most frequent first."""
    cut_short: str = ""
    """The gating contract whose failure left this one with fewer cases than it would have had; empty if none did."""
    languages: Sequence[Slice] = ()
    """What was measured, by where the words of the requests come from."""
    asked: Sequence[AskedCase] = ()
    """The measured cases, to compare two gates on those that both asked."""
    paired: Sequence[PairedPart] = ()
    """Of the comparison with the champion: each contract, and then its parts."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What was gated, by name and by content hash."""

    base: str
    base_digest: str
    adapter: str
    adapter_digest: str
    format: str
    format_digest: str
    dtype: str = ""
    """In which the weights computed; empty where none did, or nobody knows."""
    template: str = ""
    """Whose chat template the format is, and in which file; empty where the format was taken by its name."""


@dataclass(frozen=True, slots=True)
class CalibratorUsed:
    """What maps confidence to probability: how it was made, which figure it maps, and the hash of its file."""

    method: str
    confidence: str
    digest: str


@dataclass(frozen=True, slots=True)
class PolicyUsed:
    """The bars of a gate: their hash, and in words each that differs from the default."""

    digest: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnReport:
    """What came of the user's own rows, `asked` of them so far; `must` are regression cases, `same` left out as another
    row is the same. `trained` warns of rows that the adapter was trained on. `broken` has the surest first, `slices`
    are without the rows that must hold. `contrary` has the places of rows that cannot hold together."""

    files: Mapping[str, str]
    rows: int
    must: int
    asked: int
    same: int = 0
    trained: str = ""
    slices: Sequence[Slice] = ()
    called: Sequence[Called] = ()
    broken: Sequence[BrokenRow] = ()
    contrary: Sequence[Sequence[str]] = ()
    unjudged: Unjudged = field(default_factory=Unjudged)


@dataclass(frozen=True, slots=True)
class Results:
    """One run of the gate: every input of the verdict, the verdict, and what it rests on."""

    identity: Identity
    catalogs: Mapping[str, str]
    """Names of the catalogs and their content hashes."""
    seed: int
    budget: int
    max_new_tokens: int
    started: str
    """ISO 8601, UTC."""
    seconds: float
    calls: Mapping[str, int]
    """How many replies were `generated`, and how many `cached`."""
    libraries: Mapping[str, str]
    risks: Mapping[str, float]
    """Of the whole gate: `alpha`, of rejecting an adapter whose every rate is acceptable; `beta`, of accepting one of
    which any rate is not."""
    contracts: Sequence[ContractResult]
    champion: Identity | None = None
    """Of the adapter that it was compared with."""
    calibrator: CalibratorUsed | None = None
    readings: Readings | None = None
    """How the measured replies read; None in files of before this was counted."""
    made_up_percent: int = MADE_UP
    """Of the cases drawn, those on catalogs that nobody wrote."""
    as_deployed_percent: int = 0
    """Of the cases on a given catalog, those that declare all of it in its order."""
    to_the_end: bool = False
    """Whether every gating contract measured its whole budget, however soon it was decided."""
    policy: PolicyUsed | None = None
    """By whose bars it was judged; None in files of before there were policies."""
    own: OwnReport | None = None
    """Of the user's own rows, where there are any."""
    examples: ExampleReport | None = None
    """Of the user's rows as a source of language, where there are any."""
    tools: Sequence[ToolReport] = ()
    """Every tool of the catalogs under test; none in files of before they were told."""

    def first_number(self, contract: ContractResult) -> int:
        """The number of the contract's first counterexample, counted from 1 over all contracts in their order."""
        before = self.contracts[: [one.name for one in self.contracts].index(contract.name)]
        return 1 + sum(len(one.counterexamples) for one in before)

    @property
    def passed(self) -> bool:
        """True only if there are gating contracts and every one of them passed."""
        gating = [c for c in self.contracts if c.bar.gating]
        return bool(gating) and all(c.verdict.name == "pass" for c in gating)
