"""`python -m benchmarks.error_rates [--adapters N] [--plot FILE]`: how often verdicts are wrong, and what they cost.

No model: an adapter is a rate at which it keeps a contract. For every bar shipped, N simulated adapters of each rate
are judged by the gate's own test, in the gate's own rounds, without an end. The table says how often those at the bar
are accepted, how often those at the acceptable rate are rejected, and how many cases it took, against the fixed-size
binomial test with the same two error rates. The plot shows the cases by rate.

    | true rate | accepted | rejected | cases: median | 95 % | fixed size | saved |
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from suite.contracts import DRAWN
from suite.lanes.budget import ROUND
from suite.outcome import Never, Rate
from suite.statistics.sequential import MOST_CASES, RateTest
from suite.statistics.verdict import GATE_RISKS

CLEAR_CUT = 0.10
"""So far from the bar, a verdict has to come cheaply."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What simulated adapters of one true rate got; `cases` are those it took, sorted."""

    rate: float
    accepted: float
    rejected: float
    cases: np.ndarray

    @property
    def median(self) -> float:
        return float(np.median(self.cases))

    @property
    def most(self) -> float:
        return float(np.quantile(self.cases, 0.95))


def simulate(test: RateTest, rate: float, adapters: int, rng: np.random.Generator, most: int = 20_000) -> Judged:
    """Judge `adapters` adapters of one true rate round by round; one still undecided after `most` cases stays so."""
    held, drawn = np.zeros(adapters, dtype=int), 0
    cases, accepted, rejected = np.full(adapters, most), 0, 0
    left = np.arange(adapters)
    while left.size and drawn < most:
        drawn += ROUND
        held[left] += rng.binomial(ROUND, rate, left.size)
        decided = [test.decide(int(h), drawn - int(h)) for h in held[left]]
        accepted += decided.count("accept")
        rejected += decided.count("reject")
        still = np.array([d is None for d in decided])
        cases[left[~still]] = drawn
        left = left[still]
    return Judged(rate, accepted / adapters, rejected / adapters, np.sort(cases))


def fixed_size(test: RateTest) -> int:
    """Cases of the smallest binomial test that keeps the same two error rates."""
    from scipy.stats import binom

    low, high = test.unacceptable, test.acceptable
    for cases in range(10, MOST_CASES):
        # Reject if fewer than `needed` hold: the largest number that still keeps alpha at the acceptable rate.
        needed = int(binom.ppf(test.risks.alpha, cases, high))
        if binom.sf(needed - 1, cases, low) <= test.risks.beta:
            return cases
    raise AssertionError("the two rates are too close to be told apart")


def rates_to_try(bar: Rate) -> Iterator[float]:
    """Around the bar: clearly below, at it, between, acceptable, and better."""
    yield from (max(0.02, bar.at_least - step) for step in (0.3, 0.2, CLEAR_CUT, 0.05, 0.02))
    yield bar.at_least
    yield (bar.at_least + bar.acceptable) / 2
    yield bar.acceptable
    yield 1 - 0.5 * (1 - bar.acceptable)
    yield 1 - 0.1 * (1 - bar.acceptable)


def bars() -> list[tuple[Rate, list[str]]]:
    """The different rate bars that the shipped contracts have, and whose they are; *never* is one of failures."""
    found: dict[Rate, list[str]] = {}
    for contract in DRAWN:
        bar = contract.bar
        if isinstance(bar, Never) and not bar.strict:
            bar = Rate(round(1 - bar.bound, 9), round(1 - bar.acceptable, 9))
        if isinstance(bar, Rate) and bar.gating:
            found.setdefault(bar, []).append(contract.name)
    return list(found.items())


def plot(judged: Sequence[Judged], fixed: int, title: str) -> str:
    """Cases by true rate as an SVG: the median, a bar up to 95 %, and the fixed size as a dashed line."""
    width, height, left, bottom = 640, 360, 60, 310
    most = max(fixed, *(j.most for j in judged)) * 1.1
    low = min(j.rate for j in judged) - 0.02

    def x(rate: float) -> float:
        return left + (rate - low) / (1.01 - low) * (width - left - 20)

    def y(cases: float) -> float:
        return bottom - math.log10(max(cases, 10) / 10) / math.log10(most / 10) * (bottom - 40)

    parts = [f'<text x="{left}" y="22" font-size="15">{title}</text>']
    for cases in (10, 30, 100, 300, 1000, 3000, 10_000):
        if cases < most:
            parts.append(f'<text x="{left - 8}" y="{y(cases) + 4:.0f}" text-anchor="end">{cases}</text>')
            parts.append(f'<path d="M{left} {y(cases):.0f}H{width - 20}" stroke="#ddd"/>')
    parts.append(f'<path d="M{left} {y(fixed):.0f}H{width - 20}" stroke="#b00" stroke-dasharray="6 4"/>')
    parts.append(f'<text x="{left + 6}" y="{y(fixed) - 6:.0f}" fill="#b00">fixed size: {fixed} cases</text>')
    for j in judged:
        parts.append(f'<path d="M{x(j.rate):.0f} {y(j.median):.0f}V{y(j.most):.0f}" stroke="#06c" stroke-width="3"/>')
        parts.append(f'<circle cx="{x(j.rate):.0f}" cy="{y(j.median):.0f}" r="5" fill="#06c"/>')
    ticks = np.linspace(math.ceil(low * 10) / 10, 1.0, 6)
    parts += [f'<text x="{x(t):.0f}" y="{bottom + 22}" text-anchor="middle">{t:.0%}</text>' for t in ticks]
    parts.append(f'<text x="{width / 2}" y="{height - 6}" text-anchor="middle">true rate of the adapter</text>')
    inner = '<rect width="100%" height="100%" fill="white"/>' + "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif"'
        f' font-size="12">{inner}</svg>\n'
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.error_rates", description=__doc__)
    parser.add_argument("--adapters", type=int, default=10_000, help="simulated adapters of each rate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", type=Path, help="write the cases by rate of the last bar as an SVG")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    risks = GATE_RISKS.shared(sum(contract.bar.gating for contract in DRAWN))
    for bar, names in bars():
        test = RateTest(bar.acceptable, bar.at_least, risks)
        fixed = fixed_size(test)
        title = f"bar {bar.at_least:.2%}, acceptable {bar.acceptable:.2%}"
        sys.stdout.write(f"{title} ({', '.join(names)}); alpha {risks.alpha:.4f}, beta {risks.beta:.4f}\n\n")
        sys.stdout.write("| true rate | accepted | rejected | cases: median | 95 % | fixed size | saved |\n")
        sys.stdout.write("| --- | --- | --- | --- | --- | --- | --- |\n")
        judged = [simulate(test, rate, options.adapters, rng) for rate in rates_to_try(bar)]
        for j in judged:
            saved = 1 - j.median / fixed
            row = f"{j.rate:.2%} | {j.accepted:.2%} | {j.rejected:.2%} | {j.median:.0f} | {j.most:.0f} | {fixed}"
            sys.stdout.write(f"| {row} | {saved:.0%} |\n")
        sys.stdout.write("\n")
        if options.plot:
            options.plot.parent.mkdir(parents=True, exist_ok=True)
            options.plot.write_text(plot(judged, fixed, f"Cases until the verdict: {title}"), encoding="utf-8")


if __name__ == "__main__":
    main()
