"""A row of an outside exam: what is asked, and which answers are right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.rows.tools import tools_of
from fixtures.types import Case, Catalog, Oracle, Tool, ToolCall, Wanted, assistant

IRRELEVANCE = "irrelevance"
"""The kind of rows that no declared tool serves, which the report counts in two ways."""


@dataclass(frozen=True, slots=True)
class Posed:
    """One row that can be asked, and the line that it stands on."""

    case: Case
    line: int


class LeftOut(Exception):
    """Why a row cannot be asked."""


def declared(value: Any) -> tuple[tuple[dict[str, Any], ...], tuple[Tool, ...]]:
    """The tools that a row declares, as a format writes them and as a catalog holds them; raises LeftOut."""
    read = tools_of(value)
    if read.problem:
        raise LeftOut(f"its tools cannot be read: {read.problem}")
    functions = [tool["function"] for tool in read.tools]
    tools = tuple(Tool(f["name"], f.get("description") or "", f.get("parameters") or {}) for f in functions)
    return read.tools, tools


def posed(
    line: int, messages: Sequence[Mapping[str, Any]], tools: Any, form: Format, sets: Sequence[Sequence[Wanted]],
    *, name: str, kind: str,
) -> Posed:  # fmt: skip
    """The row as a case whose right answers are these sets of calls; raises LeftOut for what cannot be written."""
    declarations, known = declared(tools)
    try:
        form.check(list(messages), declarations, prompt=True)
        for wanted in sets:
            said = assistant([ToolCall(one.name, one.arguments) for one in wanted], "" if wanted else "No.")
            form.check([*messages, said], declarations)
    except UserError as error:
        raise LeftOut(f"{error.where}: {error.problem}") from None
    calls = tuple(ToolCall(one.name, one.arguments) for one in sets[0])
    oracle = Oracle(calls, tuple(tuple(one) for one in sets))
    return Posed(Case(Catalog(name, known), tuple(messages), oracle, kind), line)


def any_call(tool: Tool) -> Wanted:
    """A call of this tool with whatever arguments its schema allows."""
    properties, required = tool.parameters.get("properties") or {}, tool.parameters.get("required") or ()
    optional = tuple(key for key in properties if key not in required)
    return Wanted(tool.name, {}, optional=optional, any=tuple(properties))
