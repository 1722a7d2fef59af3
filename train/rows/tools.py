"""The tools of a row, whatever form they are in: read once for all rows that declare the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fixtures.errors import UserError
from fixtures.reading.strict import NotJson, parse_strictly
from fixtures.reading.tools import read_tools

Declarations = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RowTools:
    """Declarations in OpenAI's nested form, the same object for all rows that have the same; or what is wrong."""

    tools: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""


def tools_of(value: Any) -> RowTools:
    """The tools of a row's own; an empty list declares none, and rows may do so."""
    if value == []:
        return RowTools()
    try:
        return _read(value if isinstance(value, str) else json.dumps(value), isinstance(value, str))
    except (RecursionError, ValueError, TypeError):
        return RowTools(problem="the tools are no plain JSON")


@lru_cache(maxsize=1024)
def _read(text: str, as_text: bool) -> RowTools:
    """`as_text` tells whether the row had this very text, and not the value that it spells."""
    value = parse_strictly(text)
    if isinstance(value, NotJson):
        return RowTools(problem=f"the tools are a text, which is not JSON: {value.reason}")
    if value == []:
        return RowTools(notes=("tools read from JSON text",))
    texts = isinstance(value, list) and all(isinstance(tool, str) for tool in value)
    listed = [parse_strictly(tool) for tool in value] if texts else value
    if texts and (broken := next((tool for tool in listed if isinstance(tool, NotJson)), None)):
        return RowTools(problem=f"a tool is a text, which is not JSON: {broken.reason}")
    try:
        read = read_tools(listed, "")
    except UserError as error:
        allowed = f"; allowed: {error.allowed}" if error.allowed else ""
        hint = f"; {error.hint}?" if error.hint else ""
        return RowTools(problem=f"{error.where.strip()}: {error.problem}{allowed}{hint}")
    notes = [note for note in read.notes if "tools in the form" in note or not note[:1].isdigit()]
    return RowTools(read.tools, tuple([*(["tools read from JSON text"] if as_text or texts else []), *notes]))
