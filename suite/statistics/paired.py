"""Two adapters on the same cases: is one worse, by more than chance? Valid whenever the gate stopped asking.

Only pairs in which exactly one of the two kept the contract tell anything (McNemar, "Note on the sampling error of the
difference between correlated proportions", Psychometrika 12, 1947). If the challenger is no worse, each of them goes
against it with a probability of one half at most. The e-value is the likelihood ratio of a uniform mixture of larger
probabilities; it exceeds 1 / alpha at any time with probability alpha at most (Ville), so stopping does not spoil it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PairedCounts:
    """Of `trials` pairs: `lost`, where only the champion kept the contract; `won`, where only the challenger did."""

    trials: int = 0
    lost: int = 0
    won: int = 0

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> PairedCounts:
        """From (champion held, challenger held) of each case."""
        seen = list(pairs)
        lost = sum(champion and not challenger for champion, challenger in seen)
        return cls(len(seen), lost, sum(challenger and not champion for champion, challenger in seen))

    @property
    def e_value(self) -> float:
        """The evidence that the challenger is worse: 1 is none, and 1 / e-value is a valid p-value at any time."""
        from scipy.special import betaincc, betaln

        # 2 ** (n + 1) times the integral of p ** lost * (1 - p) ** won from one half to one.
        upper = float(betaincc(self.lost + 1, self.won + 1, 0.5))
        if upper == 0:
            return 0.0
        log = (self.lost + self.won + 1) * math.log(2) + float(betaln(self.lost + 1, self.won + 1)) + math.log(upper)
        return math.exp(min(log, 700.0))

    @property
    def moved(self) -> float:
        """The evidence that the challenger is worse or better: the mean of the two, an e-value as well."""
        flips = self.lost + self.won
        log = math.lgamma(self.lost + 1) + math.lgamma(self.won + 1) - math.lgamma(flips + 2) + flips * math.log(2)
        return math.exp(min(log, 700.0))

    @property
    def text(self) -> str:
        return f"lost {self.lost} and won {self.won} of {self.trials}"


def fewest_flips(tests: int, alpha: float) -> int:
    """How many pairs, all of them going one way, tell that something moved, where so many hypotheses are tested."""
    return next(k for k in range(1, 10_000) if PairedCounts(k, k, 0).moved >= tests / alpha)


def holm(e_values: Sequence[float], alpha: float) -> list[bool]:
    """Which of several hypotheses are rejected, so that none is wrongly with probability 1 - alpha (Holm 1979)."""
    order = sorted(range(len(e_values)), key=lambda i: -e_values[i])
    rejected = [False] * len(e_values)
    for step, index in enumerate(order):
        if e_values[index] < (len(e_values) - step) / alpha:
            break
        rejected[index] = True
    return rejected


def e_bh(e_values: Sequence[float], rate: float) -> list[bool]:
    """Which hypotheses are rejected with a false-discovery rate of at most `rate`, however they depend on each other.

    Wang and Ramdas, "False discovery rate control with e-values", J. R. Stat. Soc. B 84 (2022).
    """
    order = sorted(range(len(e_values)), key=lambda i: -e_values[i])
    enough = [k for k, index in enumerate(order, 1) if e_values[index] >= len(e_values) / (k * rate)]
    rejected = set(order[: max(enough, default=0)])
    return [index in rejected for index in range(len(e_values))]
