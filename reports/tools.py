"""The page's section on tools: by whose words each was asked for, what was kept, and what never was asked."""

from __future__ import annotations

from dataclasses import dataclass

from reports.html import Html, tag
from reports.tables import table
from suite.outcome import Results
from suite.results.languages import language_rows
from suite.results.tools import HEAD, cells_of, told


@dataclass(frozen=True, slots=True)
class ToolFigures:
    """What the section shows: texts without their stops, a row for each tool under its head, and, where no examples
    tell it elsewhere, what was kept by where the words come from (empty without)."""

    texts: tuple[str, ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    language_head: tuple[str, ...] = ()
    language_rows: tuple[tuple[str, ...], ...] = ()


def figures(results: Results) -> ToolFigures | None:
    """The figures of every tool; None of results that have none."""
    tools = results.tools
    if not tools:
        return None
    texts = tuple(told(tools, results, most=len(tools)))
    rows = tuple(cells_of(tool, tools) for tool in tools)
    languages, parts = language_rows([c for c in results.contracts if c.languages and not results.examples])
    head = ("contract", *languages) if parts else ()
    return ToolFigures(texts, HEAD, rows, head, tuple(parts))


def section(results: Results) -> Html:
    """The section; empty for results without tools."""
    found = figures(results)
    if found is None:
        return Html("")
    notes = [tag("p", f"{text}.") for text in found.texts]
    whole = table([title.replace("_", " ").capitalize() for title in found.head], found.rows, "numbers")
    apart = Html("")
    if found.language_rows:
        title = "Kept, by where the words come from"
        apart = tag("div", tag("h3", title), table(found.language_head, found.language_rows, "numbers"))
    return tag("section", tag("h2", "Tools"), *notes, whole, apart)
