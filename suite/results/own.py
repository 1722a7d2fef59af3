"""What came of the user's own rows, as plain lines; the plugin and the reports print them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from fixtures.printing import one_line
from suite.outcome import OwnReport, Slice
from suite.results.languages import unjudged_texts
from suite.results.summary import share_range
from suite.results.wording import beginning, percent, percent_seen
from suite.user_rows import BrokenRow, Called

MOST = 12
"""Of a list on a terminal; pages and results files hold all."""
EACH_ONCE = "Each row is asked once. Intervals are of requests like these; rows that must hold are no sample of them."


def own_lines(own: OwnReport, width: int) -> list[str]:
    """How many rows were asked, the parts of them, tools that were taken for others, and what is broken."""
    lines = textwrap.wrap(f"{own_heading(own)}. {EACH_ONCE}", width)
    for block in (_slices(own.slices), _confused(own.called), _broken(own.broken, width)):
        lines += block
    return lines


def own_notes(own: OwnReport, width: int) -> list[str]:
    """What of the rows was not judged."""
    return [line for text in unjudged_texts(own.unjudged) for line in textwrap.wrap(f"Own cases: {_low(text)}.", width)]


def _low(text: str) -> str:
    return text[:1].lower() + text[1:]


def contrary_text(places: Sequence[str]) -> str:
    """That these rows cannot hold together."""
    return f"{' and '.join(places)} ask the same, and no answer is right in all of them"


def own_heading(own: OwnReport) -> str:
    """The rows in one sentence, without its stop."""
    files = ", ".join(map(one_line, own.files))
    must = f", {own.must} of which must hold" if own.must else ""
    same = f"; {own.same} more left out, because another is the same" if own.same else ""
    return f"Own cases: {own.asked} of {own.rows} rows of {files} asked{must}{same}"


def slice_cells(part: Slice) -> tuple[str, str, str, str]:
    """What the part is, how much of it is kept, its counts, and the interval."""
    name = f"{part.by} {one_line(part.name)}"
    return name, percent_seen(part.rate.estimate), f"{part.held}/{part.trials}", share_range(part.rate)


def mistaken(called: Sequence[Called]) -> list[Called]:
    """Where other tools were called than those that were right."""
    return [pair for pair in called if pair.called != pair.right]


def place_of(row: BrokenRow) -> str:
    """Where a row stands, and whether it must hold."""
    return f"{row.file}:{row.line}{', must hold' if row.must else ''}"


def _slices(slices: Sequence[Slice]) -> list[str]:
    if not slices:
        return []
    level = percent(slices[0].rate.level)
    rows = [("part", "kept", "cases", f"{level} interval"), *map(slice_cells, slices)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _confused(called: Sequence[Called]) -> list[str]:
    wrong = mistaken(called)
    if not wrong:
        return []
    told = [f"  {p.count:>4}  {one_line(p.called)}, where {one_line(p.right)} was right" for p in wrong[:MOST]]
    return ["Called instead of what was right:", *told, *_more(len(wrong))]


def _broken(broken: Sequence[BrokenRow], width: int) -> list[str]:
    if not broken:
        return []
    return ["Broken rows, the surest first:", *(_row(row, width) for row in broken[:MOST]), *_more(len(broken))]


def _row(row: BrokenRow, width: int) -> str:
    said = f'"{row.request}" ({place_of(row)}): got {row.got}, wanted {row.wanted}'
    return f"  {row.sure:.3f}  {beginning(said, max(40, width - 9))}"


def _more(count: int) -> Iterator[str]:
    if count > MOST:
        yield f"  and {count - MOST} more, in the results file and on its page"
