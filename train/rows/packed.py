"""Messages that pass through Arrow as they are, for trainers that render a `messages` column by themselves.

Arrow's own types fill the arguments of one call into all others, and `datasets.Json` goes through pandas' ujson, which
reads 0.95 as 0.9500000000000001 and keeps ten decimals. So each message travels as JSON text in a key of its own, and
the tokenizer unpacks it when it is asked to render.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from train.rows.mask import Example

_KEY = "exact"


def pack(message: Mapping[str, Any]) -> dict[str, str]:
    """A message as texts; role and content stand beside the whole so that trainers know a conversation."""
    content = message.get("content")
    text = content if isinstance(content, str) else ""
    return {"role": message["role"], "content": text, _KEY: json.dumps(message, ensure_ascii=False)}


def unpack(message: Mapping[str, Any]) -> dict[str, Any]:
    """The message that was packed; one that never was comes back as it is."""
    found: dict[str, Any] = json.loads(message[_KEY]) if _KEY in message else dict(message)
    return found


class _Unpacking:
    """What is put before a tokenizer's own class."""

    special: Mapping[str, str] = {}

    def apply_chat_template(self, conversation: Iterable[Mapping[str, Any]], *given: Any, **options: Any) -> Any:
        told = {**options, **self.special}
        return super().apply_chat_template([unpack(m) for m in conversation], *given, **told)  # type: ignore[misc]


def unpacking(tokenizer: Any, special: Mapping[str, str] | None = None) -> Any:
    """A copy of the tokenizer that renders packed messages as what they stand for, with these special tokens instead of
    its own: a base may have another beginning-of-text token than the format, or none."""
    own = copy.copy(tokenizer)
    own.__class__ = type("UnpackingTokenizer", (_Unpacking, type(tokenizer)), {"special": dict(special or {})})
    return own


def tokenised(examples: Iterable[Example]) -> Any:
    """A Dataset with the columns `input_ids` and `labels`."""
    import datasets  # type: ignore[import-untyped]

    datasets.disable_progress_bars()
    rows = list(examples)
    return datasets.Dataset.from_dict(
        {"input_ids": [list(row.ids) for row in rows], "labels": [list(row.labels) for row in rows]}
    )


def dataset(conversations: Iterable[tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]]) -> Any:
    """A Dataset with the columns `messages` (packed) and `tools` (JSON text, as TRL takes them)."""
    import datasets

    datasets.disable_progress_bars()
    text = datasets.Value("string")
    columns = {"messages": datasets.List({"role": text, "content": text, _KEY: text}), "tools": text}
    rows = [
        {"messages": [pack(message) for message in messages], "tools": json.dumps(list(tools), ensure_ascii=False)}
        for messages, tools in conversations
    ]
    return datasets.Dataset.from_list(rows, features=datasets.Features(columns))
