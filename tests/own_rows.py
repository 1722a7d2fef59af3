"""Labelled rows of a small house with two tools, as a person would bring them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from fixtures.types import ToolCall, assistant

ZONE, LEVEL = {"type": "string"}, {"type": "integer", "minimum": 0, "maximum": 100}


def tool(name: str, **properties: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"zone": ZONE, **properties}, "required": ["zone"]}
    return {"type": "function", "function": {"name": name, "description": f"It does {name}", "parameters": parameters}}


TOOLS = [tool("set_light", level=LEVEL), tool("open_blinds")]


def row(request: str, *calls: tuple[str, Mapping[str, Any]], **more: Any) -> dict[str, Any]:
    """A request with its right calls; without any, the right answer is a refusal."""
    answer = assistant([ToolCall(*call) for call in calls], "" if calls else "I cannot do that.")
    return {"messages": [{"role": "user", "content": request}, dict(answer)], "tools": TOOLS, **more}


def light(number: int, **more: Any) -> dict[str, Any]:
    return row(f"light up zone {number}", ("set_light", {"zone": f"zone {number}"}), **more)


def asked(request: str, acceptable: Any, **more: Any) -> dict[str, Any]:
    """A request without an answer of its own."""
    return {"messages": [{"role": "user", "content": request}], "tools": TOOLS, "acceptable": acceptable, **more}


def written(path: Path, rows: Iterable[Any]) -> str:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return str(path)
