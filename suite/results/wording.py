"""How figures are written for a person: bounds are rounded to the careful side, never to the flattering one."""

from __future__ import annotations

import math

from fixtures.printing import one_line


def percent(share: float) -> str:
    """A share that was set, not measured, as it was written: 0.995 is 99.5 %."""
    return f"{share * 100:.6g} %"


def percent_seen(share: float) -> str:
    """A measured share with one decimal; 100.0 % only if it is exactly that."""
    return f"{(share if share == 1 else min(share, 0.999)) * 100:.1f} %"


def percent_down(share: float) -> str:
    """A lower bound with one decimal, never stated higher than it is."""
    return f"{math.floor(share * 1000) / 10:.1f} %"


def percent_up(share: float) -> str:
    """An upper bound with three significant digits, never stated lower than it is."""
    if share <= 0:
        return "0 %"
    digits = min(max(0, 2 - math.floor(math.log10(share * 100))), 9)  # of less than 1e-9 % nobody can be sure
    return f"{math.ceil(share * 100 * 10**digits) / 10**digits:.{digits}f} %"


def cases(count: int) -> str:
    return f"{count} case" if count == 1 else f"{count} cases"


def beginning(text: str, most: int) -> str:
    """At most so many letters of a text, in one line that is safe to show; cut within words where it has no blanks."""
    told = one_line(" ".join(text.split()))
    return told if len(told) <= most else f"{told[: most - 4].rstrip()} ..."
