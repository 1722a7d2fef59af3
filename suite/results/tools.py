"""What came of each tool, as plain lines and cells; the plugin and the reports print them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from fixtures.printing import one_line
from suite.figures import Slice, ToolReport
from suite.outcome import Results
from suite.results.languages import LANGUAGES, SHORT
from suite.results.summary import share_range
from suite.results.wording import percent_seen

HEAD = ("tool", "words", "requests", *SHORT)
_MOST = 5
"""Tools that are named in one line; with -v, in results files and on pages there are all."""


def tool_lines(results: Results, width: int, *, whole: bool) -> list[str]:
    """Of a short telling what is worth saying: tools that are worse than the rest, and those that were never asked for;
    `whole` has every tool."""
    texts = list(told(results.tools, results, most=len(results.tools) if whole else _MOST))
    lines = [line for text in texts for line in textwrap.wrap(f"{text}.", width)]
    return lines + (_table(results.tools) if whole else [])


def told(tools: Sequence[ToolReport], results: Results, most: int) -> Iterator[str]:
    """In texts without their stops: where the adapter is worse than elsewhere, and what of the tools was not asked."""
    for part, tool in worse(tools, results)[:most]:
        rate = f"{percent_seen(part.rate.estimate)} of {part.trials} ({share_range(part.rate)})"
        yield f"Worse than the rest: {part.name} of {name_of(tool, tools)}, kept in {rate}"
    silent = [tool for tool in tools if tool.never]
    for reason in dict.fromkeys(tool.never for tool in silent):
        yield f"Never asked for, {one_line(reason)}: {_named([t for t in silent if t.never == reason], tools, most)}"
    left = [tool for tool in tools if not tool.never and not tool.asked]
    if left:
        yield f"In no request this time, {len(left)} of {len(tools)} tools: {_named(left, tools, most)}"


def worse(tools: Sequence[ToolReport], results: Results) -> list[tuple[Slice, ToolReport]]:
    """Where the interval of a tool lies wholly below what was kept of the contract in all, the lowest first."""
    whole = {c.name: c.held_rate.estimate for c in results.contracts if c.held_rate}
    found = [(part, tool) for tool in tools for part in tool.kept if part.rate.high < whole.get(part.name, 0)]
    return sorted(found, key=lambda pair: pair[0].rate.high)


def name_of(tool: ToolReport, tools: Sequence[ToolReport]) -> str:
    """The tool's name, with its catalog's where there are several."""
    several = len({one.catalog for one in tools}) > 1
    return one_line(f"{tool.tool} of {tool.catalog}" if several else tool.tool)


def cells_of(tool: ToolReport, tools: Sequence[ToolReport]) -> tuple[str, ...]:
    """Its cells under `HEAD`."""
    words = LANGUAGES.get(
        tool.language, f"never asked for: {one_line(tool.never)}" if tool.never else "never asked for"
    )
    if tool.sentences:
        words += f", {tool.sentences} sentence{'s' * (tool.sentences != 1)}"
    parts = {part.name: f"{percent_seen(part.rate.estimate)} of {part.trials}" for part in tool.kept}
    ranges = {part.name: f" ({share_range(part.rate)})" for part in tool.kept}
    return name_of(tool, tools), words, str(tool.asked), *(parts.get(n, "-") + ranges.get(n, "") for n in SHORT)


def _named(chosen: Sequence[ToolReport], tools: Sequence[ToolReport], most: int) -> str:
    names = [name_of(tool, tools) for tool in chosen[:most]]
    return ", ".join(names) + (f" and {len(chosen) - most} more" if len(chosen) > most else "")


def _table(tools: Sequence[ToolReport]) -> list[str]:
    rows = [HEAD, *(cells_of(tool, tools) for tool in tools)] if tools else []
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))] if rows else []
    return ["  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
