"""Training rows for tests: one good row, and ways to write rows to a file."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fixtures.datasets.hotel import build
from fixtures.types import Tool, ToolCall, assistant, user

LAMP = Tool(
    "set_lamp",
    "Set a lamp.",
    {
        "type": "object",
        "properties": {"room": {"type": "string"}, "level": {"type": "integer", "maximum": 100}, "on": {}},
        "required": ["room"],
    },
)


def good(room: str = "lobby", **arguments: Any) -> dict[str, Any]:
    """A row that every check lets pass."""
    call = ToolCall("set_lamp", {"room": room, **arguments})
    return {"messages": [user(f"Light in the {room}"), assistant([call])], "tools": [LAMP.declaration()]}


def drawn(count: int) -> list[dict[str, Any]]:
    """Rows of the hotel dataset: single, several and corrected calls, and requests that nothing fits."""
    return [{"messages": row["messages"], "tools": row["tools"]} for row in build(count, 0, "corpus")]


def write(path: Path, rows: Iterable[Any]) -> Path:
    """One line a row; texts stand as they are."""
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path
