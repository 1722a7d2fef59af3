"""When2Call's rows: whether to call, to ask for what is missing, or to say that it cannot be answered, by rule only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.rows.files import records
from fixtures.types import Wanted
from suite.exam.outside.posed import LeftOut, Posed, any_call, declared, posed

CALL, OTHERS = "tool_call", ("request_for_info", "cannot_answer")
_NEEDED = ("question", "correct_answer", "tools")


def read(option: str, name: str, form: Format) -> Iterator[Posed | str]:
    """The rows of a file; of one that cannot be asked its id, and why."""
    for record in records(Path(name), option):
        row = record.value
        if not isinstance(row, dict) or any(key not in row for key in _NEEDED):
            problem = f"a row of When2Call has {', '.join(_NEEDED)}"
            raise UserError(f"{option}:{record.number}", problem)
        if row["correct_answer"] not in (CALL, *OTHERS):
            problem = f"the correct answer {row['correct_answer']!r} is not known"
            raise UserError(f"{option}:{record.number}", problem, allowed=", ".join((CALL, *OTHERS)))
        try:
            messages = [{"role": "user", "content": row["question"]}]
            sets, kind = _sets(row), row["correct_answer"]
            yield posed(record.number, messages, row["tools"], form, sets, name="when2call", kind=kind)
        except LeftOut as reason:
            yield f"{row.get('uuid', record.number)}: {reason}"


def _sets(row: Mapping[str, Any]) -> list[list[Wanted]]:
    if row["correct_answer"] in OTHERS:
        return [[]]
    target: Any = row.get("target_tool")
    try:
        named = (json.loads(target) if isinstance(target, str) else target)["name"]
    except (ValueError, TypeError, KeyError):
        raise LeftOut("it does not say which tool is right") from None
    _, tools = declared(row["tools"])
    found = [tool for tool in tools if tool.name == named]
    if not found:
        raise LeftOut(f"the tool {named!r} that is right is not declared")
    return [[any_call(found[0])]]
