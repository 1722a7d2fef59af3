"""The plain values that contracts, engines and reports exchange. All frozen; nothing here decides anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from fixtures.types import Case
from suite.settings import MADE_UP


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


Outcome: TypeAlias = Held | Broken | NotApplicable | Scored

Lane: TypeAlias = Literal["known", "measure", "search"]
VerdictName: TypeAlias = Literal["pass", "fail", "undecided", "measured"]


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval at `level`."""

    estimate: float
    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Never:
    """No failure is tolerated; the sample must be large enough to bound the failure rate by `bound`."""

    bound: float = 0.01
    gating: bool = True


@dataclass(frozen=True, slots=True)
class Rate:
    """More than `at_least` of the cases must hold.

    `acceptable` is a rate that is good enough beyond doubt: the closer the two, the more cases tell them apart. By
    default it leaves two fifths of the failures that `at_least` allows.
    """

    at_least: float
    acceptable: float = math.nan
    gating: bool = True

    def __post_init__(self) -> None:
        if math.isnan(self.acceptable):
            object.__setattr__(self, "acceptable", round(1 - 0.4 * (1 - self.at_least), 9))
        if not 0 <= self.at_least < self.acceptable <= 1:
            problem = f"at_least={self.at_least!r}, acceptable={self.acceptable!r}"
            raise ValueError(f"{problem}: the first must be smaller, and both shares; for no failure at all use Never")


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A statistic of the measured sample (by its name in `measures`) must stay at or below this."""

    statistic: str
    at_most: float
    gating: bool = True


@dataclass(frozen=True, slots=True)
class ReportOnly:
    """Measured, not gating."""

    gating: bool = False


@dataclass(frozen=True, slots=True)
class NoWorse:
    """No other gating contract may be kept noticeably less often than by the champion, on the same cases."""

    gating: bool = True


@dataclass(frozen=True, slots=True)
class Every:
    """Each of the given cases must hold. They are all there are, so nothing is estimated."""

    gating: bool = True


Bar: TypeAlias = Never | Rate | Ceiling | ReportOnly | NoWorse | Every


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


@dataclass(frozen=True, slots=True)
class Bin:
    """One point of a reliability curve: `count` cases of mean confidence `confidence`, `accuracy` of them right."""

    confidence: float
    accuracy: Interval
    count: int


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
    cut_short: str = ""
    """The gating contract whose failure left this one with fewer cases than it would have had; empty if none did."""


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


@dataclass(frozen=True, slots=True)
class CalibratorUsed:
    """What maps confidence to probability: how it was made, which figure it maps, and the hash of its file."""

    method: str
    confidence: str
    digest: str


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the user's own rows without those that must hold; `rate` is of requests like these."""

    by: str
    name: str
    held: int
    trials: int
    rate: Interval


@dataclass(frozen=True, slots=True)
class Called:
    """In how many rows `called` was called where `right` was right; both name tools, or say that there is none."""

    right: str
    called: str
    count: int


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """One of the user's own rows that got no acceptable answer, and how `sure` (0 to 1) the reply was."""

    file: str
    line: int
    request: str
    got: str
    wanted: str
    sure: float
    must: bool = False
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class OwnReport:
    """What came of the user's own rows, `asked` of them so far; `must` are regression cases, `same` left out as another
    row is the same. `trained` warns of rows that the adapter was trained on. `broken` has the surest first."""

    files: Mapping[str, str]
    rows: int
    must: int
    asked: int
    same: int = 0
    trained: str = ""
    slices: Sequence[Slice] = ()
    called: Sequence[Called] = ()
    broken: Sequence[BrokenRow] = ()


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
    made_up_percent: int = MADE_UP
    """Of the cases drawn, those on catalogs that nobody wrote."""
    to_the_end: bool = False
    """Whether every gating contract measured its whole budget, however soon it was decided."""
    own: OwnReport | None = None
    """Of the user's own rows, where there are any."""

    @property
    def passed(self) -> bool:
        """True only if there are gating contracts and every one of them passed."""
        gating = [c for c in self.contracts if c.bar.gating]
        return bool(gating) and all(c.verdict.name == "pass" for c in gating)
