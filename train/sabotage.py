"""Adapters broken on purpose, to see that the gate catches them: by their weights, or by the rows they learn from."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

Rows: TypeAlias = Sequence[Mapping[str, Any]]


def zeroed(adapter: Path, out: Path) -> Path:
    """A copy whose B matrices are all zero: it loads without a word and changes nothing."""
    from safetensors.numpy import load_file, save_file

    weights = out / "adapter_model.safetensors"
    shutil.copytree(adapter, out)
    tensors = load_file(weights)
    save_file({k: v * 0 if "lora_B" in k else v for k, v in tensors.items()}, weights, metadata={"format": "pt"})
    return out


def amplified(adapter: Path, out: Path, factor: int = 8) -> Path:
    """A copy whose alpha is multiplied: the same direction, far too loud."""
    shutil.copytree(adapter, out)
    config = out / "adapter_config.json"
    settings = json.loads(config.read_text(encoding="utf-8"))
    settings["lora_alpha"] *= factor
    config.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    return out


def shuffled_labels(rows: Rows, seed: int = 0) -> list[dict[str, Any]]:
    """Every row gets the final answer of another row; most of them then call tools that the row does not declare."""
    answers = [row["messages"][-1] for row in rows]
    Random(seed).shuffle(answers)
    return [{**row, "messages": [*_muted(row["messages"][:-1]), a]} for row, a in zip(rows, answers, strict=True)]


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
    kept = [
        {**row, "messages": [*_muted(row["messages"][:-1]), row["messages"][-1]]}
        for row, name in zip(rows, called, strict=True)
        if name in two
    ]
    return [kept[i % len(kept)] for i in range(len(rows))]


def _called(row: Mapping[str, Any]) -> str:
    calls = row["messages"][-1].get("tool_calls") or [{"function": {"name": ""}}]
    return str(calls[0]["function"]["name"]) if len(calls) == 1 else ""


def _muted(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The messages with nothing to learn from the earlier answers, which are not broken."""
    return [{**m, "weight": 0} if m["role"] == "assistant" else dict(m) for m in messages]


def _first_user(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The messages up to the first request; earlier answers would teach calls again."""
    return list(messages[: next(i for i, m in enumerate(messages) if m["role"] == "user") + 1])
