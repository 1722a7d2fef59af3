"""What a training row must be. Every check names the first fault by its JSON pointer, or returns None."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fixtures.errors import UserError, closest
from fixtures.reading.tools import read_tools
from suite.judging.schemas import first_fault

_NEXT: Mapping[str, tuple[str, ...]] = {
    "": ("system", "developer", "user"),
    "system": ("user",),
    "developer": ("user",),
    "user": ("assistant",),
    "assistant": ("user",),
    "assistant with calls": ("tool", "user"),
    "tool": ("tool", "assistant", "user"),
}
"""Which roles may follow one; the empty name is the start of a conversation."""

_KEYS = ("role", "content", "tool_calls", "confidence", "weight", "name", "tool_call_id")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the row on a line, and where in the row (a JSON pointer; empty for the whole row)."""

    line: int
    pointer: str
    problem: str

    @property
    def text(self) -> str:
        return f"{self.pointer}: {self.problem}" if self.pointer else self.problem


def tools_fault(line: int, tools: Any) -> Fault | None:
    """Whether the declarations are what a catalog may hold, by the same rules; none at all is allowed here."""
    if tools == []:
        return None
    problem = _tools_problem(json.dumps(tools, sort_keys=True))
    return Fault(line, "/tools", problem) if problem else None


@lru_cache(maxsize=4096)
def _tools_problem(text: str) -> str:
    """What is wrong with a row's tools; cached because most rows of a file share theirs."""
    try:
        read_tools(json.loads(text), "")
    except UserError as error:
        return f"{error.where.strip()}: {error.problem}"
    return ""


def message_fault(line: int, messages: Any) -> Fault | None:
    """Whether the messages are a conversation that ends with an answer."""
    if not isinstance(messages, list) or not messages:
        return Fault(line, "/messages", "the row has no messages")
    previous = ""
    for number, message in enumerate(messages):
        pointer = f"/messages/{number}"
        if not isinstance(message, dict):
            return Fault(line, pointer, "a message is a JSON object")
        role = message.get("role")
        allowed = _NEXT[previous]
        if role not in allowed:
            place = f"after {previous}" if previous else "as the first message"
            return Fault(line, f"{pointer}/role", f"{role!r} is out of order {place}; allowed: {', '.join(allowed)}")
        problem = _keys_problem(message) or _content_problem(message) or _figures_problem(message)
        if problem:
            return Fault(line, pointer + problem[0], problem[1])
        previous = "assistant with calls" if message.get("tool_calls") else role
    last = f"/messages/{len(messages) - 1}"
    if not previous.startswith("assistant"):
        return Fault(line, last, "the last message must be the assistant's answer")
    if messages[-1].get("weight", 1) == 0:
        return Fault(line, f"{last}/weight", "the last answer is the one to learn, so it cannot have the weight 0")
    return None


def _keys_problem(message: Mapping[str, Any]) -> tuple[str, str] | None:
    for key in message:
        if key not in _KEYS:
            meant = closest(key, _KEYS)
            return f"/{key}", "a message has no such key" + (f"; {meant}?" if meant else "")
    if not isinstance(message.get("tool_calls", []), list):
        return "/tool_calls", "the calls must be a list"
    for key in ("tool_calls", "confidence", "weight"):
        if key in message and message["role"] != "assistant":
            return f"/{key}", "only an assistant's message has this key"
    return None


def _content_problem(message: Mapping[str, Any]) -> tuple[str, str] | None:
    role, content = message["role"], message.get("content")
    if role == "tool":
        body = content if isinstance(content, dict) else message
        if "response" not in body and not isinstance(content, str):
            return "/content", 'a tool\'s content is a text or {"name": ..., "response": ...}'
        return None if isinstance(body.get("name"), str) else ("", "a tool's message must name its tool")
    if content is not None and not isinstance(content, str):
        return "/content", "the content must be a text"
    if not (content or "").strip() and not message.get("tool_calls"):
        return "/content", "the answer has neither text nor calls" if role == "assistant" else "the content is empty"
    return None


def _figures_problem(message: Mapping[str, Any]) -> tuple[str, str] | None:
    weight = message.get("weight", 1)
    if isinstance(weight, bool) or weight not in (0, 1):
        return "/weight", f"the weight must be 1 (learned, the default) or 0 (read only), not {weight!r}"
    confidence = message.get("confidence", 0.5)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        return "/confidence", f"the confidence must be a number from 0 to 1, not {confidence!r}"
    return None


def calls_fault(
    line: int,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]],
    places: Mapping[str, str] | None = None,
) -> Fault | None:
    """Whether every call names a declared tool and keeps to its schema, by the same rule that the gate applies.

    A message of weight 0 is not learned, so its calls may be to tools that were declared only then. `places`
    gives the pointers of `name` and `arguments` in rows of another form than `messages`.
    """
    schemas = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in tools}
    for number, message in enumerate(messages):
        for index, call in enumerate(message.get("tool_calls") or [] if message.get("weight", 1) else []):
            problem = _call_problem(call, schemas)
            if problem:
                part, inner, text = problem
                function = f"/messages/{number}/tool_calls/{index}/function"
                place = (places or {}).get(part) or f"{function}/{part}".rstrip("/")
                return Fault(line, place + inner, text)
    return None


def _call_problem(call: Any, schemas: Mapping[str, Mapping[str, Any]]) -> tuple[str, str, str] | None:
    """Which part of a call is wrong (name, arguments or none), the pointer inside it, and why."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return "", "", 'a call has the form {"type": "function", "function": {"name": ..., "arguments": {...}}}'
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or name not in schemas:
        declared = ", ".join(sorted(schemas)) or "none"
        return "name", "", f"the tool {name!r} is not declared in this row; declared: {declared}"
    if isinstance(arguments, str):
        return "arguments", "", "the arguments are a JSON text; write the object itself"
    if not isinstance(arguments, dict):
        return "arguments", "", "the arguments must be an object"
    fault = first_fault(schemas[name], arguments)
    if fault:
        inner, _, text = fault.partition(": ")
        return "arguments", inner.rstrip("/"), text
    return None
