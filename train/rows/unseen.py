"""Declared parameters that the model never sees: those without which the template writes the same prompt."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.formats.bounded import OutOfBounds
from fixtures.rows.reading import Row
from fixtures.types import user
from train.rows.findings import Finding
from train.rows.survey import learned_calls

MOST_TOOLS = 1000
"""Different declarations that are looked at; each takes one rendering, and one more for each of its parameters."""
_MANY = ("anyOf", "oneOf", "allOf")

Path = tuple[str | int, ...]
"""Where a schema stands in the parameters of a tool."""


def unseen_parameters(rows: Sequence[Row], form: Format) -> list[Finding]:
    """A finding for each parameter that the format's template leaves out of the prompt.

    Found by rendering: without the parameter's schema, though it stays among the required ones, the prompt is the same.
    """
    declared: dict[str, tuple[Mapping[str, Any], list[int]]] = {}
    for row in rows:
        for tool in row.tools:
            known = declared.setdefault(json.dumps(tool, sort_keys=True), (tool, []))
            known[1].append(row.line)
    filled: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, _, name, arguments in learned_calls(rows):
        for key in arguments:
            filled[name, key].append(row.line)
    unseen: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one, lines in list(declared.values())[:MOST_TOOLS]:
        for pointer in _unseen(one, form):
            unseen[one["function"]["name"], pointer] += lines
    return [_finding(name, pointer, lines, filled) for (name, pointer), lines in unseen.items()]


def _finding(name: str, pointer: str, lines: Sequence[int], filled: Mapping[tuple[str, str], Sequence[int]]) -> Finding:
    said = filled.get((name, pointer.split("/")[1].replace("~1", "/").replace("~0", "~")), ())
    taught = sorted(set(lines) & set(said))
    text = f"the template never shows {name} {pointer} to the model"
    return Finding(
        "teaches the fault" if taught else "worth knowing",
        "unseen parameter",
        f"{text}: calls that give it teach to make it up" if taught else text,
        tuple(taught or dict.fromkeys(lines)),
        "--chat-template FILE with one that declares it, or leave it out of the tool",
        {"tool": name, "parameter": pointer, "calls": len(taught)},
    )


def _unseen(tool: Mapping[str, Any], form: Format) -> Iterator[str]:
    """The outermost parameters of a tool that leave no trace in its prompt."""
    whole = _prompt(tool, form)
    if whole is None:
        return
    found: list[Path] = []
    for path, pointer in _properties(tool["function"].get("parameters") or {}):
        if not any(path[: len(outer)] == outer for outer in found) and _prompt(_without(tool, path), form) == whole:
            found.append(path)
            yield pointer


def _prompt(tool: Mapping[str, Any], form: Format) -> str | None:
    """What is written where this tool alone is declared; None if it cannot be."""
    try:
        return form.render([user("x")], [tool], prompt=True).text
    except OutOfBounds:
        raise
    except UserError:
        return None


def _without(tool: Mapping[str, Any], path: Path) -> dict[str, Any]:
    copied = deepcopy(dict(tool))
    place = copied["function"]["parameters"]
    for part in path[:-1]:
        place = place[part]
    del place[path[-1]]
    return copied


def _properties(schema: Any, at: Path = (), pointer: str = "") -> Iterator[tuple[Path, str]]:
    """Where each property's schema stands, and its argument as other findings have it; the outer before the inner."""
    if not isinstance(schema, Mapping):
        return
    listed = schema.get("properties")
    properties: Mapping[str, Any] = listed if isinstance(listed, Mapping) else {}
    for name in properties:
        inside = (*at, "properties", name), f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        yield inside
        yield from _properties(properties[name], *inside)
    yield from _properties(schema.get("items"), (*at, "items"), f"{pointer}/*")
    for keyword in _MANY:
        options = schema.get(keyword)
        for index, option in enumerate(options if isinstance(options, list) else ()):
            yield from _properties(option, (*at, keyword, index), pointer)
