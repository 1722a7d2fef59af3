"""ShareGPT's rows: `conversations` of `from` and `value`, with LLaMA-Factory's function calls and preference pairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from train.rows.forms.chat import take_system, take_tools
from train.rows.forms.draft import Draft, Said, calls_of, json_at, list_at, refuse

NAME = "ShareGPT"
KEYS = ("conversations", "chosen", "rejected", "tools", "functions", "system", "kind")
ROLES = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "system": "system",
    "developer": "developer", "function_call": "calls", "tool_call": "calls", "observation": "tool", "tool": "tool",
    "tool_response": "tool", "function_response": "tool",
}  # fmt: skip


def read(row: Mapping[str, Any]) -> Draft:
    """A row of `conversations`; entries of `role` and `content` are messages under another name."""
    draft = Draft(NAME, [], used=KEYS)
    for number, entry in enumerate(list_at(row, "conversations")):
        draft.said.append(_said(entry, f"/conversations/{number}", draft))
    sides = [key for key in ("chosen", "rejected") if key in row]
    if len(sides) == 1:
        refuse(f"/{sides[0]}", "a preference pair has both `chosen` and `rejected`")
    if sides:
        draft.form = "LLaMA-Factory preference"
        draft.said.append(_said(row["chosen"], "/chosen", draft))
        draft.rejected = _said(row["rejected"], "/rejected", draft)
    take_tools(row, draft)
    take_system(row, draft)
    return draft


def _said(entry: Any, place: str, draft: Draft) -> Said:
    given = {key: value for key, value in entry.items() if value is not None} if isinstance(entry, dict) else {}
    if "role" in given and "from" not in given:
        draft.note("conversations of role and content")
        return Said(given, place)
    for key in given:
        if key not in ("from", "value", "weight", "loss", "name"):
            refuse(f"{place}/{key}", "an entry of a conversation has no such key; allowed: from, value, weight, loss")
    role, value = given.get("from"), given.get("value")
    if not isinstance(role, str) or role not in ROLES:
        refuse(f"{place}/from", f"{role!r} is not a speaker; allowed: {', '.join(ROLES)}")
    more = {key: given[key] for key in ("weight", "loss", "name") if key in given}
    if ROLES[role] == "calls":
        found = json_at(value, f"{place}/value") if isinstance(value, str) else value
        calls = calls_of(found, f"{place}/value", draft)
        draft.note("calls from messages of their own")
        return Said({"role": "assistant", "content": "", "tool_calls": calls, **more}, f"{place}/value", inner=False)
    if not isinstance(value, str):
        refuse(f"{place}/value", "this must be a text")
    return Said({"role": ROLES[role], "content": value, **more}, f"{place}/value", inner=False)
