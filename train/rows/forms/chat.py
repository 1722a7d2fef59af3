"""Rows of `messages` (or of what the other forms make of theirs), whoever wrote them, in the project's own form.

Read are OpenAI's fine-tuning rows and what its chat answers, with `functions` and `function_call` of before 2024;
ms-swift's, whose calls are messages of their own; and what `datasets` makes of any, with a null for every key that
another row has. What a message says beside its text and calls, and nobody can say whether to learn, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from train.rows.forms import tags
from train.rows.forms.draft import NOT_GIVEN, Draft, Said, calls_of, json_at, list_at, object_of, refuse

OWN, OPENAI, LEGACY, SWIFT = "messages and tools", "OpenAI fine-tuning", "OpenAI functions", "ms-swift"
KEYS = ("messages", "tools", "functions", "system", "kind", "parallel_tool_calls", "function_call")
_LEFT_OUT = ("refusal", "annotations", "audio", "reasoning_content", "reasoning", "thinking")
"""Keys of a message that say nothing where they are null or empty, and are refused where they are not."""
_LISTS = ("tool_calls", "annotations")
"""Keys whose empty list says as little as a null."""
_REASONING = "a reasoning text, and whether it is to be learned is not told; take it out"
_TEXTS = ("text", "input_text", "output_text")
_CALL_KEYS = ("id", "type", "index", "function")


def read(row: Mapping[str, Any]) -> Draft:
    """A row of `messages`."""
    draft = Draft(OWN, _placed(list_at(row, "messages"), "/messages"), used=KEYS)
    if "parallel_tool_calls" in row:
        draft.form = OPENAI
    take_tools(row, draft)
    take_system(row, draft)
    return draft


def take_tools(row: Mapping[str, Any], draft: Draft) -> None:
    """The row's `tools`, or its `functions` of old; an empty text says nothing, an empty list says none."""
    given = [key for key in ("tools", "functions") if key in row and row[key] != ""]
    if len(given) == 2:
        refuse("/functions", "the row has both `tools` and `functions`; keep one")
    if given == ["functions"]:
        draft.form = LEGACY if draft.form in (OWN, OPENAI) else draft.form
        draft.note("functions as tools")
    draft.tools = row[given[0]] if given else NOT_GIVEN


def take_system(row: Mapping[str, Any], draft: Draft) -> None:
    """A `system` prompt that stands beside the messages."""
    if row.get("system") in (None, ""):
        return
    if not isinstance(row["system"], str):
        refuse("/system", "this must be a text")
    if any(isinstance(s.message, dict) and s.message.get("role") == "system" for s in draft.said):
        refuse("/system", "there is a system message too; keep one")
    draft.said.insert(0, Said({"role": "system", "content": row["system"]}, "/system", inner=False))
    draft.note("system beside the messages")


def _placed(messages: list[Any], root: str) -> list[Said]:
    return [Said(message, f"{root}/{number}") for number, message in enumerate(messages)]


def settle(draft: Draft) -> None:
    """Bring every message into the project's own form; what is not understood is left for the checks to name."""
    before, draft.said = draft.said, []
    for said in before:
        if isinstance(said.message, dict):
            said.message = _message(said, draft)
            _append(said, draft)
        else:
            draft.said.append(said)
    tags.settle(draft)
    _name_results(draft)
    if draft.rejected is not None and isinstance(draft.rejected.message, dict):
        rejected = Draft(draft.form, [draft.rejected], notes=draft.notes)
        draft.rejected.message = _message(draft.rejected, rejected)
        tags.settle(rejected)


def _append(said: Said, draft: Draft) -> None:
    """Put a message at the end; one that only calls and follows another such of ms-swift's joins it."""
    joins = said.message.pop("joins", False)
    if joins and draft.said and getattr(draft.said[-1], "parts", None) == _JOINED:
        draft.said[-1].message["tool_calls"] += said.message["tool_calls"]
        return
    if joins:
        said.parts = _JOINED
    draft.said.append(said)


_JOINED: Mapping[str, str] = {}


def _message(said: Said, draft: Draft) -> dict[str, Any]:
    given = said.message.items()
    message = {key: value for key, value in given if value is not None and (value != [] or key not in _LISTS)}
    if len(message) < len(said.message):
        draft.note("nulls read as absent")
    for key in _LEFT_OUT:
        if message.pop(key, ""):
            told = {"refusal": "a refusal beside the content; put it into `content` if it is to be learned"}
            problem = told.get(key, _REASONING if "r" in key[:1] or key == "thinking" else "this cannot be read")
            refuse(f"{said.place}/{key}", problem)
    if isinstance(message.get("content"), list):
        _join_parts(message, said, draft)
    if "loss" in message:
        _weigh(message, said, draft)
    if message.get("role") in ("tool_call", "tool_response"):
        _from_swift(message, said, draft)
    if "function_call" in message or message.get("role") == "function":
        _from_legacy(message, said, draft)
    if isinstance(message.get("tool_calls"), list):
        calls = enumerate(message["tool_calls"])
        message["tool_calls"] = [_call(call, f"{said.place}/tool_calls/{index}", draft) for index, call in calls]
    return message


def _join_parts(message: dict[str, Any], said: Said, draft: Draft) -> None:
    """Parts of text joined; a tool's list of responses is FunctionGemma's own and stays."""
    parts = message["content"]
    if message.get("role") == "tool" and not any(isinstance(part, dict) and "type" in part for part in parts):
        return
    texts = []
    for index, part in enumerate(parts):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _TEXTS or not isinstance(part.get("text"), str):
            refuse(f"{said.place}/content/{index}", f"a part of type {kind!r} cannot be read; only text can")
        texts.append(part["text"])
    message["content"] = "".join(texts)
    draft.note("content parts joined")


def _weigh(message: dict[str, Any], said: Said, draft: Draft) -> None:
    """ms-swift's `loss` of a message, true or false, is what OpenAI calls its weight."""
    loss = message.pop("loss")
    if not isinstance(loss, bool) or "weight" in message:
        refuse(f"{said.place}/loss", "this must be true or false, and there is no weight beside it")
    if message.get("role") in ("assistant", "tool_call"):
        message["weight"] = int(loss)
    elif loss:
        refuse(f"{said.place}/loss", "only what the assistant says is learned")
    draft.note("loss as weight")


def _from_swift(message: dict[str, Any], said: Said, draft: Draft) -> None:
    draft.form = SWIFT if draft.form in (OWN, OPENAI) else draft.form
    if message["role"] == "tool_response":
        message["role"] = "tool"
        return
    content = message.pop("content", "")
    found = json_at(content, f"{said.place}/content") if isinstance(content, str) else content
    calls = calls_of(found, f"{said.place}/content", draft)
    message |= {"role": "assistant", "content": "", "tool_calls": calls, "joins": True}
    draft.note("calls from messages of their own")


def _from_legacy(message: dict[str, Any], said: Said, draft: Draft) -> None:
    draft.form = LEGACY if draft.form in (OWN, OPENAI) else draft.form
    if message.get("role") == "function":
        message["role"] = "tool"
    if "function_call" in message:
        if "tool_calls" in message:
            refuse(f"{said.place}/function_call", "there are `tool_calls` too; keep one")
        message["tool_calls"] = calls_of(message.pop("function_call"), f"{said.place}/function_call", draft)
        draft.note("function_call as tool_calls")


def _call(call: Any, place: str, draft: Draft) -> Any:
    """A call with its arguments as an object; one that is no such object is left for the checks to name."""
    function = call.get("function") if isinstance(call, dict) else None
    if not isinstance(function, dict):
        return call
    kept = {key: value for key, value in call.items() if value is not None}
    for key in kept:
        if key not in _CALL_KEYS:
            refuse(f"{place}/{key}", "a call has no such key")
    if kept.get("type", "function") != "function":
        refuse(f"{place}/type", f"a call of type {kept['type']!r} cannot be read; only functions can")
    inside = {key: value for key, value in function.items() if value is not None}
    for key in inside:
        if key not in ("name", "arguments"):
            refuse(f"{place}/function/{key}", "a call's function has no such key")
    arguments = inside.get("arguments")
    if isinstance(arguments, str):
        draft.form = OPENAI if draft.form == OWN else draft.form
    if arguments is None or isinstance(arguments, str):
        inside["arguments"] = object_of(arguments, f"{place}/function/arguments", draft)
    return {**kept, "function": inside}


def _name_results(draft: Draft) -> None:
    """Give each tool's message the name of its tool, by the id of its call, or by the one order that there is."""
    calls: list[Mapping[str, Any]] = []
    results: list[Said] = []
    for said in [*draft.said, Said({"role": ""}, "")]:
        message = said.message if isinstance(said.message, dict) else {}
        if message.get("role") == "tool":
            results.append(said)
            continue
        if results and calls:
            _pair(calls, results, draft)
        calls = [call for call in message.get("tool_calls") or () if _has_function(call)]
        results = []


def _has_function(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("function"), dict)


def _pair(calls: list[Mapping[str, Any]], results: list[Said], draft: Draft) -> None:
    by_id = {call["id"]: index for index, call in enumerate(calls) if isinstance(call.get("id"), str)}
    order: list[int] = []
    for number, said in enumerate(results):
        message = said.message
        known = by_id.get(message["tool_call_id"]) if isinstance(message.get("tool_call_id"), str) else None
        if message.get("tool_call_id") is not None and known is None and by_id:
            refuse(f"{said.place}/tool_call_id", f"no call before has the id {message['tool_call_id']!r}")
        if known is not None:
            order.append(known)
        content = message.get("content")
        if isinstance(content, dict) and "response" in content:
            continue
        name = calls[number if known is None and len(calls) == len(results) else known or 0]["function"].get("name")
        if "name" not in message:
            if known is None and len(calls) != len(results):
                continue  # which of the calls it answers is not told; the checks say so
            message["name"] = name
            _told(known, draft)
        elif known is not None and message["name"] != name:
            refuse(f"{said.place}/name", f"the call with its id is of {name!r}, not of {message['name']!r}")
    if len(order) == len(results) and order != sorted(order):
        _reorder(results, order, draft)


def _told(known: int | None, draft: Draft) -> None:
    if known is None:
        draft.note("tool named by the order of the calls")
        return
    draft.note("tool named by tool_call_id")
    draft.form = OPENAI if draft.form == OWN else draft.form


def _reorder(results: list[Said], order: list[int], draft: Draft) -> None:
    """Results in the order of their calls: a format that names the tool only could not tell two calls of one apart."""
    pairs = sorted(zip(order, results, strict=True), key=lambda pair: pair[0])
    sorted_by_call = [(said.message, said.place) for _, said in pairs]
    for said, (message, place) in zip(results, sorted_by_call, strict=True):
        said.message, said.place = message, place
    draft.note("results in the order of their calls")
