"""What a training row must be. Every check names the first fault by its JSON pointer, or returns None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fixtures.errors import closest
from fixtures.printing import printable
from fixtures.reading.strict import parse_strictly
from fixtures.rows.draft import Said
from suite.judging.schemas import first_fault

_NEXT: Mapping[str, tuple[str, ...]] = {
    "": ("system", "developer", "user", "assistant"),
    "system": ("developer", "user", "assistant"),
    "developer": ("user", "assistant"),
    "assistant's greeting": ("user",),
    "user": ("assistant",),
    "assistant": ("user",),
    "assistant with calls": ("tool", "user"),
    "tool": ("tool", "assistant", "user"),
}
"""Which roles may follow one; the empty name is the start of a conversation."""

_LONGEST = 600
"""Letters of a fault; jsonschema repeats the whole value that it refuses."""
_THINKING = ("<think>", "<thinking>", "<scratch_pad>")
_CALLS_OF_OTHERS = (
    "<tool_call", "<TOOLCALL>", "<functioncall>", "<function=", "<|tool_call", "[TOOL_CALLS]", "<|python_tag|>",
    "functools[",
)  # fmt: skip
"""How calls begin in the notations of other models; learned as a text, they would be prose to the gate."""

_KEYS = ("role", "content", "tool_calls", "confidence", "weight", "name", "tool_call_id")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the row on a line, and where in the row (a JSON pointer; empty for the whole row)."""

    line: int
    pointer: str
    problem: str

    @property
    def text(self) -> str:
        """One line for a person, whatever the row holds: nothing that steers a terminal, and not too long."""
        told = f"{self.pointer}: {self.problem}" if self.pointer else self.problem
        plain = printable(told).replace("\n", "\\n").replace("\t", "\\t")
        return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"


def message_fault(line: int, said: Sequence[Said], root: str) -> Fault | None:
    """Whether the messages are a conversation that ends with an answer to a user; `root` is where they stand."""
    if not said:
        return Fault(line, root, "the row has no messages")
    previous, asked = "", False
    for message, place in ((one.message, one) for one in said):
        if not isinstance(message, dict):
            return Fault(line, place.place, "a message is a JSON object")
        role = message.get("role")
        allowed = _NEXT[previous]
        if role not in allowed:
            behind = f"after {previous}" if previous else "as the first message"
            problem = f"{role!r} is out of order {behind}; allowed: {', '.join(allowed)}"
            return Fault(line, place.at("/role"), problem)
        asked = asked or role == "user"
        found = _keys_problem(message) or _content_problem(message) or _figures_problem(message) or _learned(message)
        if not found and role == "assistant" and not asked and message.get("tool_calls"):
            found = "/tool_calls", "nothing was asked yet, so nothing can be called"
        if found:
            return Fault(line, place.at(found[0]), found[1])
        previous = _state(message, asked)
    last = said[-1]
    if not previous.startswith("assistant"):
        return Fault(line, last.place, "the last message must be the assistant's answer")
    if not asked:
        return Fault(line, last.place, "the last message must be the assistant's answer to a user, and nobody asked")
    if last.message.get("weight", 1) == 0:
        return Fault(line, last.at("/weight"), "the last answer is the one to learn, so it cannot have the weight 0")
    return None


def _state(message: Mapping[str, Any], asked: bool) -> str:
    if message["role"] != "assistant":
        return str(message["role"])
    return ("assistant with calls" if message.get("tool_calls") else "assistant") if asked else "assistant's greeting"


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


def _learned(message: Mapping[str, Any]) -> tuple[str, str] | None:
    """What an answer that is learned may not say, since it leaves open what is meant."""
    content = message.get("content")
    if message["role"] != "assistant" or not message.get("weight", 1) or not isinstance(content, str):
        return None
    for mark in _THINKING:
        if mark in content:
            problem = f"whether the reasoning in {mark} is to be learned is not told, and the gate takes none; cut it"
            return "/content", problem
    for mark in _CALLS_OF_OTHERS:
        if mark in content:
            return "/content", f"{mark} begins a call in another model's notation; write it as tool_calls"
    return None


def _figures_problem(message: Mapping[str, Any]) -> tuple[str, str] | None:
    weight = message.get("weight", 1)
    if isinstance(weight, bool) or weight not in (0, 1):
        return "/weight", f"the weight must be 1 (learned, the default) or 0 (read only), not {weight!r}"
    confidence = message.get("confidence", 0.5)
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        return "/confidence", f"the confidence must be a number from 0 to 1, not {confidence!r}"
    return None


def calls_fault(line: int, said: Sequence[Said], tools: Sequence[Mapping[str, Any]]) -> Fault | None:
    """Whether every call names a declared tool and keeps to its schema, by the same rule that the gate applies.

    A message of weight 0 is not learned, so its calls may be to tools that were declared only then.
    """
    schemas = {tool["function"]["name"]: tool["function"].get("parameters") or {} for tool in tools}
    for one in said:
        message = one.message
        for index, call in enumerate(message.get("tool_calls") or [] if message.get("weight", 1) else []):
            problem = _call_problem(call, schemas)
            if problem:
                part, inner, text = problem
                function = one.at(f"/tool_calls/{index}/function/{part}".rstrip("/"))
                return Fault(line, ((one.parts or {}).get(part) or function) + inner, text)
        if not message.get("tool_calls") and _is_call(message, schemas):
            return Fault(line, one.at("/content"), "this text is a call of a declared tool; write it as tool_calls")
    return None


def _is_call(message: Mapping[str, Any], schemas: Mapping[str, Any]) -> bool:
    """Whether an answer to learn is the bare JSON of calls: as a text it would teach not to call."""
    content = message.get("content")
    if message["role"] != "assistant" or not message.get("weight", 1) or not isinstance(content, str):
        return False
    if not content.lstrip().startswith(("{", "[")) or '"name"' not in content:
        return False
    found = parse_strictly(content)
    listed = found if isinstance(found, list) else [found]
    return any(isinstance(one, dict) and str(one.get("name")) in schemas for one in listed)


def _call_problem(call: Any, schemas: Mapping[str, Mapping[str, Any]]) -> tuple[str, str, str] | None:
    """Which part of a call is wrong (name, arguments or none), the pointer inside it, and why."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return "", "", 'a call has the form {"type": "function", "function": {"name": ..., "arguments": {...}}}'
    name, arguments = function.get("name"), function.get("arguments")
    if not isinstance(name, str) or name not in schemas:
        declared = ", ".join(sorted(schemas)) or "none"
        return "name", "", f"the tool {name!r} is not declared in this row; declared: {declared}"
    if not isinstance(arguments, dict):
        return "arguments", "", "the arguments must be an object"
    fault = first_fault(schemas[name], arguments)
    if fault:
        inner, _, text = fault.partition(": ")
        return "arguments", inner.rstrip("/"), text
    return None
