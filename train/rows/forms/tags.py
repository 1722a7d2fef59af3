"""Calls that stand in the text between tags, as the Hermes models write them and their rows keep them.

`<tool_call>` holds one call, `<tools>` in a system prompt the declarations, `<tool_response>` a result; Nemotron's
`<TOOLCALL>` holds a list of calls. The system prompt that explains this notation belongs to it and not to the language:
what stands before it is kept, the rest is left out, for the format of the adapter has its own way to say it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from train.rows.forms.draft import NOT_GIVEN, Draft, Said, Unreadable, calls_of, literal, refuse

_CALLS = re.compile(r"\s*<(tool_call|TOOLCALL)>(.*?)</\1>", re.DOTALL)
_OPENING = re.compile(r"<(?:tool_call|TOOLCALL)>")
_TOOLS = re.compile(r"<tools>(.*?)</tools>", re.DOTALL)
_RESPONSES = re.compile(r"\s*<tool_response>(.*?)</tool_response>\s*", re.DOTALL)
_EXPLAINS = re.compile(r"(?:^|(?<=[.!?\n]))[^.!?\n]*<tools>|#+ Tools\b")
"""Where a system prompt begins to explain the notation: the sentence with the tag, or a heading."""


def settle(draft: Draft) -> None:
    """Take calls, results and declarations out of the texts."""
    if not any(_has_tags(said) for said in draft.said):
        return
    before, draft.said = draft.said, []
    for said in before:
        role = said.message.get("role") if isinstance(said.message, dict) else ""
        content = said.message.get("content") if isinstance(said.message, dict) else None
        if not isinstance(content, str):
            draft.said.append(said)
        elif role == "assistant" and _OPENING.search(content):
            draft.said.append(_calling(said, content, draft))
        elif role in ("tool", "user") and content.lstrip().startswith("<tool_response>"):
            draft.said += _answering(said, content, draft)
        elif role == "system" and "<tools>" in content:
            draft.said += _declaring(said, content, draft)
        else:
            draft.said.append(said)


def _has_tags(said: Said) -> bool:
    content = said.message.get("content") if isinstance(said.message, dict) else None
    return isinstance(content, str) and "<t" in content.lower() and "<too" in content.lower()


def _named(draft: Draft) -> None:
    draft.form = "Hermes" if draft.form == "messages and tools" else draft.form
    draft.note("calls from tags in the text")


def _place(said: Said) -> str:
    return f"{said.place}/content" if said.inner else said.place


def _calling(said: Said, content: str, draft: Draft) -> Said:
    """The text before the first tag stays the answer's; after the calls there is none."""
    first = _OPENING.search(content)
    assert first is not None
    at, calls = first.start(), []
    if said.message.get("tool_calls"):
        refuse(_place(said), "calls stand in the text and in `tool_calls`; keep one")
    while found := _CALLS.match(content, at):
        calls += calls_of(literal(found.group(2), _place(said), draft), _place(said), draft)
        at = found.end()
    if content[at:].strip() or not calls:
        refuse(_place(said), "a call in the text is not closed, or text follows it; write it as tool_calls")
    text = content[: first.start()].strip()
    _named(draft)
    return Said({**said.message, "content": text, "tool_calls": calls}, said.place, inner=False)


def _answering(said: Said, content: str, draft: Draft) -> list[Said]:
    """One message a result; a result that names its tool is taken apart."""
    at, found = 0, []
    while block := _RESPONSES.match(content, at):
        message: dict[str, Any] = {k: v for k, v in said.message.items() if k != "content"} | {"role": "tool"}
        found.append(Said(message | _result(block.group(1).strip(), draft), said.place, inner=False))
        at = block.end()
    if at < len(content):
        refuse(_place(said), "a result in the text is not closed, or text follows it; write it as a tool's message")
    _named(draft)
    return found


def _result(text: str, draft: Draft) -> dict[str, Any]:
    try:
        value = literal(text, "", draft) if text.startswith("{") else None
    except Unreadable:
        value = None
    if isinstance(value, dict) and set(value) == {"name", "content"} and isinstance(value["name"], str):
        content = value["content"]
        said = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        return {"name": value["name"], "content": said}
    return {"content": text}


def _declaring(said: Said, content: str, draft: Draft) -> list[Said]:
    """The declarations become the row's tools, unless it has them beside; what is said before them is kept."""
    found = next((f for f in _TOOLS.finditer(content) if f.group(1).strip()), None)
    start = _EXPLAINS.search(content)
    if found is None or start is None or "<tool_call>" not in content[found.end() :]:
        refuse(
            _place(said),
            "the tools stand in the system prompt; put them into `tools`, and leave out how to call them",
        )
    if draft.tools is NOT_GIVEN:
        draft.tools = _tools(found.group(1), _place(said), draft)
    _named(draft)
    draft.note("tools from the system prompt")
    kept = content[: start.start()].strip()
    return [Said({**said.message, "content": kept}, said.place, inner=False)] if kept else []


def _tools(text: str, place: str, draft: Draft) -> list[Any]:
    """A list of declarations, or one declaration a line."""
    try:
        value = literal(text, place, draft)
    except Unreadable:
        value = [literal(line, place, draft) for line in text.splitlines() if line.strip()]
    return value if isinstance(value, list) else [value]
