"""The page's section on tools: by whose words each was asked for, what was kept, and what never was asked."""

from __future__ import annotations

from typing import Any

from suite.outcome import Results
from suite.results.languages import language_rows
from suite.results.tools import HEAD, cells_of, told


def section(results: Results) -> dict[str, Any] | None:
    """What the section shows: texts, and a row for each tool; where no examples tell it elsewhere, what was kept by
    where the words come from. None of results without figures of tools."""
    tools = results.tools
    if not tools:
        return None
    languages, parts = language_rows([c for c in results.contracts if c.languages and not results.examples])
    return {
        "note": f"{len(tools)} under test",
        "texts": told(tools, results, most=len(tools)),
        "head": [title.replace("_", " ").capitalize() for title in HEAD],
        "rows": [cells_of(tool, tools) for tool in tools],
        "language_head": ("Contract", *languages),
        "language_rows": parts,
    }
