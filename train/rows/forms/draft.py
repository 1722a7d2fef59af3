"""A row on its way into the project's own form: its messages and tools, where each stands, and what was converted."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from fixtures.reading.strict import NotJson, parse_strictly
from fixtures.types import ToolCall

NOT_GIVEN = object()
"""Of tools: the row says nothing of them, so a catalog has to."""
MAX_LITERAL = 100_000
"""Letters of a Python literal that are read; Python's own parser takes a hundred times that in memory."""


class Unreadable(Exception):
    """Why a row cannot be read, and where in it; told as a fault of its line, never raised to the caller."""

    def __init__(self, pointer: str, problem: str) -> None:
        self.pointer, self.problem = pointer, problem
        super().__init__(f"{pointer}: {problem}")


@dataclass(slots=True)
class Said:
    """One message, and the JSON pointer of what it was made of.

    `inner` tells whether pointers go on inside of it: a message that was a text in the row has no inside. `parts` are
    the pointers of a call's name and arguments where they stand elsewhere.
    """

    message: Any
    place: str
    inner: bool = True
    parts: Mapping[str, str] | None = None

    def at(self, pointer: str) -> str:
        """The place of what stands in the message at this pointer."""
        return self.place + pointer if self.inner else self.place


@dataclass(slots=True)
class Draft:
    """What a form's reader makes of a row; `used` are the keys of the row that it has read, `notes` what it converted.

    `rejected` is the message that a preference pair turns down, with its own place.
    """

    form: str
    said: list[Said]
    tools: Any = NOT_GIVEN
    rejected: Said | None = None
    notes: list[str] = field(default_factory=list)
    used: tuple[str, ...] = ()

    def note(self, text: str) -> None:
        """Remember a conversion, once."""
        if text not in self.notes:
            self.notes.append(text)


def refuse(pointer: str, problem: str) -> NoReturn:
    raise Unreadable(pointer, problem)


def text_at(row: Mapping[str, Any], key: str) -> str:
    """The text under a key; refuses anything else."""
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        refuse(f"/{key}", "this must be a text")
    return str(value)


def list_at(row: Mapping[str, Any], key: str) -> list[Any]:
    """The list under a key, or in its JSON text; refuses anything else."""
    value = row.get(key)
    found = parse_strictly(value) if isinstance(value, str) else value
    if not isinstance(found, list):
        refuse(f"/{key}", "this must be a list" + (f": {found.reason}" if isinstance(found, NotJson) else ""))
    return list(found)


def json_at(text: str, pointer: str) -> Any:
    """The value that a JSON text spells."""
    found = parse_strictly(text)
    if isinstance(found, NotJson):
        refuse(pointer, f"this is not JSON: {found.reason}")
    return found


def literal(text: str, pointer: str, draft: Draft) -> Any:
    """The value of a JSON text, or of a Python literal that JSON could spell, as Hermes' rows have them."""
    found = parse_strictly(text)
    if not isinstance(found, NotJson):
        return found
    try:
        value = ast.literal_eval(text.strip()) if len(text) <= MAX_LITERAL else None
        json.dumps(value, allow_nan=False)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        value = None
    if not isinstance(value, dict | list) or not plain(value):
        refuse(pointer, f"this is not JSON: {found.reason}")
    draft.note("Python literals as JSON")
    return value


def plain(value: Any) -> bool:
    """Whether a value of Python's is what a JSON text can spell: text keys, finite numbers, no tuples or bytes."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if not all(isinstance(key, str) for key in one):
                return False
            left += one.values()
        elif isinstance(one, list):
            left += one
        elif isinstance(one, float):
            if not math.isfinite(one):
                return False
        elif not isinstance(one, str | int | None):
            return False
    return True


def calls_of(found: Any, pointer: str, draft: Draft) -> list[dict[str, Any]]:
    """The calls that one object with name and arguments, or a list of such, stands for; refuses anything else."""
    listed: Sequence[Any] = found if isinstance(found, list) else [found]
    return [_call(one, pointer, draft) for one in listed]


def _call(one: Any, pointer: str, draft: Draft) -> dict[str, Any]:
    if isinstance(one, dict) and isinstance(one.get("function"), dict):
        one = one["function"]
    given = {key: value for key, value in one.items() if value is not None} if isinstance(one, dict) else {}
    if not isinstance(given.get("name"), str) or set(given) - {"name", "arguments", "id", "type"}:
        refuse(pointer, 'a call has the form {"name": ..., "arguments": {...}}')
    return ToolCall(given["name"], object_of(given.get("arguments", {}), pointer, draft)).as_message()


def object_of(arguments: Any, pointer: str, draft: Draft) -> dict[str, Any]:
    """Arguments as an object, whether they are one or its JSON text; nothing at all is none."""
    if isinstance(arguments, str):
        draft.note("arguments as JSON text")
        arguments = json_at(arguments, pointer) if arguments.strip() else {}
    if arguments is None:
        return {}
    if not isinstance(arguments, dict):
        refuse(pointer, "the arguments must be a JSON object")
    return dict(arguments)
