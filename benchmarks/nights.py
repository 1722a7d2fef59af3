"""False alarms and power of the change-point test over nights: `python -m benchmarks.nights [--months 1000]`.

A month has thirty nights of so many series; each series has forty anchors of its own, and each anchor is kept or broken
as it usually is, but for a chance flip. Quiet months tell how often there is any alarm; in the others, four of the
forty anchors of one series break for good on the seventeenth night (a drop of ten points).
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence

from suite.statistics.nights import FALSE_ALARMS, MONTH, Night, moves, threshold

CASES, ON, WITHIN = 40, 16, 3


def series(rng: random.Random, flips: float, drop: int = 0) -> list[Night]:
    """The nights of one series; `drop` of its kept cases break on night `ON`."""
    kept = [rng.random() < 0.92 for _ in range(CASES)]
    broken = set([case for case in range(CASES) if kept[case]][:drop])
    return [
        {str(c): (kept[c] and not (c in broken and night >= ON)) != (rng.random() < flips) for c in range(CASES)}
        for night in range(MONTH)
    ]


def alarms(months: int, count: int, flips: float, seed: int = 1) -> int:
    """In how many quiet months any of so many series has an alarm."""
    rng = random.Random(f"quiet {seed} {flips}")
    beyond = threshold(count)
    return sum(any(moves(series(rng, flips), beyond) for _ in range(count)) for _ in range(months))


def seen(months: int, count: int, flips: float, drop: int = 4, seed: int = 1) -> tuple[int, int]:
    """In how many months the drop is seen within three nights, and in how many the right night is named."""
    rng = random.Random(f"drop {seed} {flips} {drop}")
    beyond = threshold(count)
    found = [moves(series(rng, flips, drop), beyond) for _ in range(months)]
    return (
        sum(any(one.worse and ON <= one.seen < ON + WITHIN for one in each) for each in found),
        sum(any(one.worse and one.first == ON for one in each) for each in found),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="False alarms and power of the change-point test over nights.")
    parser.add_argument("--months", type=int, default=1000, help="default: %(default)s")
    parser.add_argument("--series", type=int, default=40, help="that are watched together; default: %(default)s")
    parser.add_argument("--flips", type=float, nargs="+", default=[0.0, 0.005, 0.01, 0.02], metavar="SHARE")
    options = parser.parse_args(arguments)
    sys.stdout.write(
        f"stated: an alarm in {FALSE_ALARMS:.0%} of quiet months at most; {options.series} series of {CASES} anchors\n"
    )
    sys.stdout.write("| flips a night | months with a false alarm | drop seen within 3 nights | right night named |\n")
    sys.stdout.write("| --- | --- | --- | --- |\n")
    for flips in options.flips:
        quiet = alarms(options.months, options.series, flips)
        within, right = seen(options.months, options.series, flips)
        told = [f"{n} of {options.months}" for n in (quiet, within, right)]
        sys.stdout.write(f"| {flips:.1%} | {' | '.join(told)} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
