"""What a contract has to reach: the bars that verdicts are judged by, as plain values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Never:
    """Fewer than `bound` of the cases may fail; `acceptable` is a share that may, since nothing can be proven never: by
    default 0.2 %, or less for a bound that is near to that.

    With `strict`, no failure is tolerated, of the sample or found by search; the sample must be large enough to bound
    the failure rate by `bound`.
    """

    bound: float = 0.0125
    acceptable: float = math.nan
    strict: bool = False
    gating: bool = True

    def __post_init__(self) -> None:
        if math.isnan(self.acceptable):
            object.__setattr__(self, "acceptable", min(0.002, round(0.16 * self.bound, 9)))
        if not 0 <= self.acceptable < self.bound < 1:
            problem = f"at_most={self.bound!r}, acceptable={self.acceptable!r}"
            raise ValueError(f"{problem}: the second must be smaller, and both shares")


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
class PairedPart:
    """Champion and challenger on the same cases of a contract, in a `part` of them (empty: in all): of `trials`, in
    `lost` only the champion kept it, in `won` only the challenger. `stands_out` where more is lost than by chance."""

    contract: str
    part: str
    trials: int
    lost: int
    won: int
    stands_out: bool = False


@dataclass(frozen=True, slots=True)
class Every:
    """Each of the given cases must hold. They are all there are, so nothing is estimated."""

    gating: bool = True


Bar: TypeAlias = Never | Rate | Ceiling | ReportOnly | NoWorse | Every
