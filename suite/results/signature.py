"""A tool in one line, as people write functions: `set_light(zone: string, level?: integer 0..100)`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fixtures.types import Tool

DEEPEST = 6  # schemas may nest without end; below this a type is only named
MOST_OPTIONS = 8  # of an enum, before the rest is counted


def signature(tool: Tool) -> str:
    """Name and parameters with their types; a question mark stands behind what may be left out."""
    return f"{tool.name}({_fields(tool.parameters, 0)})"


def _fields(schema: Mapping[str, Any], depth: int) -> str:
    fields, required = schema.get("properties"), schema.get("required")
    if not isinstance(fields, Mapping):
        return ""
    needed = required if isinstance(required, list | tuple) else ()
    return ", ".join(f"{name}{'' if name in needed else '?'}: {_kind(kind, depth)}" for name, kind in fields.items())


def _kind(schema: Any, depth: int) -> str:
    """Total: whatever is not understood is `any`."""
    if not isinstance(schema, Mapping):
        return "any"
    if isinstance(schema.get("enum"), list):
        return _options(schema["enum"])
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    kind = schema.get("type", "any")
    if isinstance(kind, list):
        return " | ".join(map(str, kind))
    if kind == "object" and schema.get("properties") and depth < DEEPEST:
        return "{" + _fields(schema, depth + 1) + "}"
    if kind == "array" and "items" in schema and depth < DEEPEST:
        return f"list of {_kind(schema['items'], depth + 1)}"
    return f"{kind}{_bounds(schema)}"


def _options(options: list[Any]) -> str:
    shown = [json.dumps(option, ensure_ascii=False) for option in options[:MOST_OPTIONS]]
    more = [f"{len(options) - MOST_OPTIONS} more"] if len(options) > MOST_OPTIONS else []
    return " | ".join(shown + more)


def _bounds(schema: Mapping[str, Any]) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is None and high is None:
        return ""
    return f" {'' if low is None else low}..{'' if high is None else high}"
