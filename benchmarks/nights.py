"""False alarms and power of the change-point test over nights: `python -m benchmarks.nights [--months 1000]`.

A month has thirty nights of so many series; each series has forty anchors of its own, and each anchor is kept or broken
as it usually is, but for a chance flip. Quiet months tell how often there is any alarm; in the others, four of the
forty anchors of one series break for good on the seventeenth night (a drop of ten points).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence

import numpy as np

from suite.statistics.nights import FALSE_ALARMS, MONTH, Moved, Watch, moves_in, threshold
from suite.statistics.stats import upper_bound

CASES, ON, WITHIN = 40, 16, 3
TOGETHER = 1000  # series that are computed at once: more would not stay in a processor's cache


def watch(rng: np.random.Generator, count: int, flips: float, drop: int = 0) -> Watch:
    """The nights of so many series; in each, `drop` of its kept cases break on night `ON`."""
    usual = rng.random((count, CASES)) < 0.92
    broken = usual & (np.cumsum(usual, axis=1) <= drop)
    nights = np.arange(MONTH)[:, None, None]
    kept = (usual & ~(broken & (nights >= ON))) != (rng.random((MONTH, count, CASES)) < flips)
    flat = kept.reshape(MONTH, count * CASES)
    return Watch(flat, np.ones_like(flat), np.repeat(np.arange(count), CASES), count)


def found(count: int, beyond: float, rng: np.random.Generator, flips: float, drop: int = 0) -> Iterator[list[Moved]]:
    """What moved in each of so many series."""
    for start in range(0, count, TOGETHER):
        yield from moves_in(watch(rng, min(TOGETHER, count - start), flips, drop), beyond)


def alarms(months: int, count: int, flips: float, seed: int = 1) -> int:
    """In how many quiet months any of so many series has an alarm."""
    each = list(found(months * count, threshold(count), np.random.default_rng([1, seed, round(flips * 1e6)]), flips))
    return sum(any(each[month * count : (month + 1) * count]) for month in range(months))


def seen(months: int, count: int, flips: float, drop: int = 4, seed: int = 1) -> tuple[int, int]:
    """In how many months the drop is seen within three nights, and in how many the right night is named."""
    each = list(found(months, threshold(count), np.random.default_rng([2, seed, round(flips * 1e6)]), flips, drop))
    return (
        sum(any(one.worse and ON <= one.seen < ON + WITHIN for one in moved) for moved in each),
        sum(any(one.worse and one.first == ON for one in moved) for moved in each),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="False alarms and power of the change-point test over nights.")
    parser.add_argument("--months", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--series", type=int, default=40, help="that are watched together; default: %(default)s")
    shares = [0.0, 0.005, 0.01, 0.02, 0.03]
    parser.add_argument("--flips", type=float, nargs="+", default=shares, metavar="SHARE", help="default: %(default)s")
    options = parser.parse_args(arguments)
    sys.stdout.write(
        f"stated: an alarm in {FALSE_ALARMS:.0%} of quiet months at most; {options.series} series of {CASES} anchors\n"
    )
    heads = [
        "flips a night",
        "false alarms",
        "at most (95 %)",
        "drop seen within 3 nights",
        "right night named",
        "seconds",
    ]
    sys.stdout.write(f"| {' | '.join(heads)} |\n{'| --- ' * len(heads)}|\n")
    for flips in options.flips:
        begun, months = time.process_time(), options.months
        quiet = alarms(months, options.series, flips)
        within, right = seen(months, options.series, flips)
        counts = [f"{n} of {months}" for n in (within, right)]
        told = [
            f"{quiet} of {months}",
            f"{upper_bound(quiet, months):.1%}",
            *counts,
            f"{time.process_time() - begun:.0f}",
        ]
        sys.stdout.write(f"| {flips:.1%} | {' | '.join(told)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
