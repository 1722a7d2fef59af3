"""Small files in the forms of the Berkeley leaderboard and of When2Call, of our own making."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

KETTLE = {
    "name": "kettle.boil",
    "description": "Boil water.",
    "parameters": {
        "type": "dict",
        "properties": {
            "litres": {"type": "float"},
            "tea": {"type": "string"},
            "note": {"type": "dict", "properties": {"who": {"type": "string"}, "cups": {"type": "integer"}}},
        },
        "required": ["litres"],
    },
}


def question(number: int, **more: Any) -> dict[str, Any]:
    asked = [[{"role": "user", "content": f"boil kettle {number}"}]]
    return {"id": f"row_{number}", "question": asked, "function": [KETTLE], **more}


def bfcl(
    folder: Path, category: str, answers: Sequence[Sequence[Mapping[str, Any]]] = (), rows: Sequence[Any] = ()
) -> str:
    """The value of --cases for a category with one question for each of these accepted answers."""
    name = f"BFCL_v4_{category}.json"
    (folder / "possible_answer").mkdir(exist_ok=True)
    asked = rows or [question(number) for number in range(len(answers))]
    told = [{"id": f"row_{number}", "ground_truth": one} for number, one in enumerate(answers)]
    (folder / name).write_text("".join(json.dumps(one) + "\n" for one in asked))
    (folder / "possible_answer" / name).write_text("".join(json.dumps(one) + "\n" for one in told))
    return f"bfcl:{folder}/{category}"


def when2call(folder: Path, *rows: tuple[str, str]) -> str:
    """The value of --cases for rows of a question and what is right."""
    tool = json.dumps(KETTLE)
    told = [
        {"uuid": f"u{n}", "question": q, "correct_answer": right, "target_tool": tool, "tools": [tool]}
        for n, (q, right) in enumerate(rows)
    ]
    (folder / "w.jsonl").write_text("".join(json.dumps(one) + "\n" for one in told))
    return f"when2call:{folder}/w.jsonl"
