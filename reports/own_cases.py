"""The page's section on the user's own rows: parts, which tool was taken for which, and what is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.html import Html, join, tag
from reports.tables import table
from suite.outcome import OwnReport, Slice
from suite.results.languages import unjudged_texts
from suite.results.own import EACH_ONCE, contrary_text, mistaken, own_heading, place_of, slice_cells
from suite.results.wording import percent
from suite.user_rows import BrokenRow, Called

WIDEST = 10
"""Tools of a matrix; of more, the pairs that were confused are listed."""
MOST = 100
"""Broken rows on a page; the results file has all."""


def section(own: OwnReport) -> Html:
    """The section; its heading is a sentence of its own."""
    warning = tag("p", tag("strong", "Warning: "), f"{own.trained}.") if own.trained else Html("")
    return tag(
        "section",
        tag("h2", "Own cases"),
        tag("p", f"{own_heading(own).removeprefix('Own cases: ')}.", class_="standing"),
        warning,
        *(tag("p", tag("strong", "Warning: "), f"{contrary_text(places)}.") for places in own.contrary),
        *(tag("p", f"{text}.") for text in unjudged_texts(own.unjudged)),
        tag("div", tag("p", EACH_ONCE, class_="muted")),
        *_slices(own.slices),
        *_called(own.called),
        *_broken(own.broken),
    )


def _slices(slices: Sequence[Slice]) -> Iterator[Html]:
    if slices:
        head = ("Part", "Held", "Cases", f"{percent(slices[0].rate.level)} interval, %")
        yield tag("div", tag("h3", "By tag, tool and kind"), table(head, map(slice_cells, slices), "numbers"))


def _called(called: Sequence[Called]) -> Iterator[Html]:
    """A matrix of tools where it fits a page, else the pairs that were confused."""
    across = sorted({pair.called for pair in called})
    if not called:
        return
    if max(len(across), len({pair.right for pair in called})) > WIDEST:
        rows = [(p.right, p.called, str(p.count)) for p in mistaken(called)]
        tables = table(("Right", "Called instead", "Rows"), rows, "numbers")
        yield tag("div", tag("h3", "Tools taken for others"), tables)
        return
    counts = {(pair.right, pair.called): pair.count for pair in called}
    rights = sorted({pair.right for pair in called})
    matrix = [(right, *(_count(counts.get((right, other), 0), right == other) for other in across)) for right in rights]
    caption = "A line for what was right, a column for what was called; in bold where they are the same."
    cells = table(("Right", *across), matrix, "numbers")
    yield tag("div", tag("h3", "Tools called"), cells, tag("p", caption, class_="muted"))


def _count(count: int, same: bool) -> Html:
    if not count:
        return tag("span", "0", class_="muted")
    return tag("strong", str(count)) if same else tag("span", str(count))


def _broken(broken: Sequence[BrokenRow]) -> Iterator[Html]:
    if not broken:
        return
    rows = [(_asked(row), f"{row.sure:.3f}", row.got, row.wanted) for row in broken[:MOST]]
    more = tag("p", f"And {len(broken) - MOST} more, in the results file.", class_="muted")
    head = ("Request", "Sure", "Got", "Wanted")
    shown = table(head, rows, "numbers rows")
    yield tag("div", tag("h3", "Broken rows, the surest first"), shown, more if len(broken) > MOST else Html(""))


def _asked(row: BrokenRow) -> Html:
    tags = f"; {', '.join(row.tags)}" if row.tags else ""
    return join(row.request, tag("span", f"{place_of(row)}{tags}", class_="muted block"))
