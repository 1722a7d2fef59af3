"""The catalog of a project: the one of `--tools`, or one that is made of the tools that the rows bring."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fixtures.catalogs import SpokenCatalog
from fixtures.catalogs.asking import askable
from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.reading.tools import MAX_TOOLS
from fixtures.rows.reading import Row


@dataclass(frozen=True, slots=True)
class Gathered:
    """The declarations of all rows, each name once, and the names that rows declare in different ways."""

    tools: tuple[Mapping[str, Any], ...]
    differing: tuple[str, ...]


def gathered(rows: Sequence[Row]) -> Gathered:
    """The tools of all rows in the order of their first row, each as most rows declare it, the first of these if
    several ways are as frequent. Raises UserError if no row declares one, or too many are declared."""
    ways: dict[str, Counter[str]] = defaultdict(Counter)
    texts: dict[int, str] = {}
    for row in rows:
        for tool in row.tools:
            # Rows that declare the same share the very objects, so most are written once.
            text = texts.setdefault(id(tool), json.dumps(tool, sort_keys=True, ensure_ascii=False))
            ways[tool["function"]["name"]][text] += 1
    if not ways:
        raise UserError("--tools", "no row declares a tool, so there is no catalog", hint="--tools FILE")
    if len(ways) > MAX_TOOLS:
        problem = f"the rows declare {len(ways)} tools; a catalog has at most {MAX_TOOLS}"
        raise UserError("--tools", problem, hint="--tools FILE with those that the adapter is for")
    tools = tuple(json.loads(counts.most_common(1)[0][0]) for counts in ways.values())
    return Gathered(tools, tuple(name for name, counts in ways.items() if len(counts) > 1))


def has_unaskable(catalog: SpokenCatalog, form: Format) -> bool:
    """Whether tools of the catalog have to be left out of an exam; raises UserError if none is left then."""
    try:
        askable([catalog], form)
    except UserError:
        askable([catalog], form, leave_out=True)
        return True
    return False
