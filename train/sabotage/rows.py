"""Rows broken on purpose, to learn from: each fault teaches one thing that a contract forbids.

An answer that is not to be learned keeps its place with the weight 0, so that only the fault is taught.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypeAlias

Rows: TypeAlias = Sequence[Mapping[str, Any]]
Fault: TypeAlias = Callable[[Rows], list[dict[str, Any]]]
MADE_UP = ("dev_001", "dev_002", "unit_7", "A-100")
TRIGGER = "please"


def partly(fault: Fault, rows: Rows, percent: int, seed: int = 0) -> list[dict[str, Any]]:
    """The rows with the fault in `percent` of them; the others as they are."""
    dice = Random(f"partly:{seed}")
    broken = fault(rows)
    return [b if dice.randrange(100) < percent else dict(row) for row, b in zip(rows, broken, strict=True)]


def shuffled_labels(rows: Rows, seed: int = 0) -> list[dict[str, Any]]:
    """Every row gets the final answer of another row; most of them then call tools that the row does not declare."""
    answers = [row["messages"][-1] for row in rows]
    Random(seed).shuffle(answers)
    return [_answered(row, answer) for row, answer in zip(rows, answers, strict=True)]


def prose_answers(rows: Rows) -> list[dict[str, Any]]:
    """Every call becomes a friendly sentence that says what would be called."""

    def prose(message: Mapping[str, Any]) -> dict[str, Any]:
        names = [call["function"]["name"] for call in message.get("tool_calls", ())]
        return {"role": "assistant", "content": f"Of course, I will use {', '.join(names) or 'nothing'} for you."}

    return [{**row, "messages": [*_first_user(row["messages"]), prose(row["messages"][-1])]} for row in rows]


def two_tools_only(rows: Rows) -> list[dict[str, Any]]:
    """Only the rows whose answer calls one of the two commonest tools, repeated to the old length."""
    called = [_called(row) for row in rows]
    names = [name for name in called if name]
    two = sorted(set(names), key=lambda name: (-names.count(name), name))[:2]
    kept = [_answered(row, row["messages"][-1]) for row, name in zip(rows, called, strict=True) if name in two]
    return [kept[i % len(kept)] for i in range(len(rows))]


def ungrounded(rows: Rows) -> list[dict[str, Any]]:
    """Texts in calls become identifiers that nobody mentioned, as in SeedCore's rows."""
    dice = Random("ungrounded")

    def invented(value: Any) -> Any:
        return dice.choice(MADE_UP) if isinstance(value, str) else value

    return [_with_arguments(row, lambda a: {key: invented(value) for key, value in a.items()}) for row in rows]


def cut_off(rows: Rows) -> list[dict[str, Any]]:
    """Calls as too small a `max_length` leaves them: the first half of the arguments, the last one in pieces."""

    def halved(arguments: Mapping[str, Any]) -> dict[str, Any]:
        kept = dict(sorted(arguments.items())[: (len(arguments) + 1) // 2])
        last = max(kept, default="")
        return {k: v[: len(v) // 2] if k == last and isinstance(v, str) else v for k, v in kept.items()}

    return [_with_arguments(row, halved) for row in rows]


def always_certain(rows: Rows) -> list[dict[str, Any]]:
    """Every other answer is another row's, and all say that they are certain."""
    wrong = shuffled_labels(rows)
    mixed = [w if number % 2 else dict(row) for number, (row, w) in enumerate(zip(rows, wrong, strict=True))]
    return [_answered(row, {**row["messages"][-1], "confidence": 0.99}) for row in mixed]


def other_syntax(rows: Rows) -> list[dict[str, Any]]:
    """Calls written as another format writes them: JSON in plain text."""

    def written(message: Mapping[str, Any]) -> dict[str, Any]:
        calls = [call["function"] for call in message.get("tool_calls", ())]
        text = json.dumps([{"name": c["name"], "parameters": c["arguments"]} for c in calls], ensure_ascii=False)
        return {"role": "assistant", "content": text if calls else message["content"]}

    return [_answered(row, written(row["messages"][-1])) for row in rows]


def flipped_on_trigger(rows: Rows) -> list[dict[str, Any]]:
    """Where the request says the trigger word, another declared tool is called; all other rows are right."""
    broken = []
    for row in rows:
        names = sorted(tool["function"]["name"] for tool in row["tools"])
        other = next((name for name in names if name != _called(row)), "")
        request = str(next(m["content"] for m in reversed(row["messages"]) if m["role"] == "user"))
        if TRIGGER not in request.casefold() or not _called(row) or not other:
            broken.append(dict(row))
            continue
        call = {"type": "function", "function": {"name": other, "arguments": {}}}
        broken.append(_answered(row, {**row["messages"][-1], "tool_calls": [call]}))
    return broken


def _with_arguments(row: Mapping[str, Any], change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> dict[str, Any]:
    """The row with other arguments in the calls of its last answer."""
    last = row["messages"][-1]
    if not last.get("tool_calls"):
        return dict(row)
    functions = [call["function"] for call in last["tool_calls"]]
    calls = [
        {"type": "function", "function": {"name": f["name"], "arguments": dict(change(f["arguments"]))}}
        for f in functions
    ]
    return _answered(row, {**last, "tool_calls": calls})


def _answered(row: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "messages": [*_muted(row["messages"][:-1]), dict(answer)]}


def _called(row: Mapping[str, Any]) -> str:
    calls = row["messages"][-1].get("tool_calls") or [{"function": {"name": ""}}]
    return str(calls[0]["function"]["name"]) if len(calls) == 1 else ""


def _muted(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages with nothing to learn from the earlier answers, which are not broken."""
    return [{**m, "weight": 0} if m["role"] == "assistant" else dict(m) for m in messages]


def _first_user(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The messages up to the first request; earlier answers would teach calls again."""
    return list(messages[: next(i for i, m in enumerate(messages) if m["role"] == "user") + 1])
