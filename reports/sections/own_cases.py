"""The page's section on the user's own rows: parts, which tool was taken for which, and what is broken."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suite.outcome import OwnReport
from suite.results.languages import unjudged_texts
from suite.results.own import EACH_ONCE, contrary_text, mistaken, own_heading, place_of, slice_cells
from suite.results.wording import percent
from suite.user_rows import BrokenRow, Called

WIDEST = 10
"""Tools of a matrix; of more, the pairs that were confused are listed."""
MOST = 100
"""Broken rows on a page; the results file has all."""


def section(own: OwnReport | None) -> dict[str, Any] | None:
    """What the section shows; None without own rows. Its heading is a sentence of its own."""
    if own is None:
        return None
    level = percent(own.slices[0].rate.level) if own.slices else ""
    return {
        "note": own_heading(own).removeprefix("Own cases: "),
        "warnings": warnings(own),
        "notes": unjudged_texts(own.unjudged),
        "each_once": EACH_ONCE,
        "slice_head": ("Part", "Held", "Cases", f"{level} interval, %"),
        "slices": [slice_cells(part) for part in own.slices],
        "matrix": matrix(own.called),
        "confused": [(pair.right, pair.called, str(pair.count)) for pair in mistaken(own.called)],
        "broken": [(row, _place(row)) for row in own.broken[:MOST]],
        "left": max(0, len(own.broken) - MOST),
    }


def warnings(own: OwnReport) -> list[str]:
    """What makes the rows worth less, each in a sentence without its stop."""
    return [*([own.trained] if own.trained else []), *(contrary_text(places) for places in own.contrary)]


def matrix(called: Sequence[Called]) -> dict[str, Any] | None:
    """Right tools against called ones, with a tenth of each line's sum as the shade; None where it fits no page."""
    across, rights = sorted({pair.called for pair in called}), sorted({pair.right for pair in called})
    if not called or max(len(across), len(rights)) > WIDEST:
        return None
    counts = {(pair.right, pair.called): pair.count for pair in called}
    return {"across": across, "rows": [(right, _line(right, across, counts)) for right in rights]}


def _line(right: str, across: Sequence[str], counts: dict[tuple[str, str], int]) -> list[dict[str, Any]]:
    found = [(other == right, counts.get((right, other), 0)) for other in across]
    total = sum(count for _, count in found)
    return [
        {
            "count": count,
            "same": same,
            "class": "none" if not count else "same" if same else "other",
            "tenth": -(-10 * count // total) if total else 0,
        }
        for same, count in found
    ]


def _place(row: BrokenRow) -> str:
    return f"{place_of(row)}; {', '.join(row.tags)}" if row.tags else place_of(row)
