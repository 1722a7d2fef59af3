"""Whether the user's own rows were trained on: an exam whose answers were learned proves nothing.

A run folder of callproof's has settings.json, which names the rows that the adapter learned from, and their hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fixtures.catalogs import load_catalog
from fixtures.errors import UserError
from fixtures.rows.reading import Row, digest, reader
from fixtures.types import ToolCall

Requests = Sequence[tuple[str, Sequence[ToolCall]]]
"""Of rows: what is asked, and the calls that answer it."""


def warning(requests: Requests, adapter: Path | None) -> str:
    """What is to be said of rows that this adapter (its PEFT folder, or the run's) was trained on; empty if nothing is.

    Nothing is known of an adapter that has no run folder around it, and nothing is said then.
    """
    data = _data(adapter) if requests and adapter else None
    if data is None:
        return ""
    try:
        rows = list(_rows(data))
    except UserError as error:
        return f"whether these rows were trained on is not known: {error.where}: {error.problem}"
    learned = {key for row in rows for key in keys_of(row)}
    both = sum(key_of(request, _calls(calls)) in learned for request, calls in requests)
    changed = "" if _is_same(rows, data) else f", as it is now; {data['path']} has changed since"
    if both:
        return f"{both} of {len(requests)} rows, request and answer alike, were trained on{changed}"
    return f"no row is in what was trained on{changed}" if changed else ""


def _data(adapter: Path) -> Mapping[str, Any] | None:
    """What settings.json of the run says of its data; None where there is no such run."""
    places = [folder / "settings.json" for folder in (adapter, adapter.parent)]
    try:
        facts = json.loads(next(p for p in places if p.is_file()).read_text(encoding="utf-8"))
        data = facts["data"]
        return {**data, "path": str(data["path"]), "tools": data.get("tools")}
    except (StopIteration, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _rows(data: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of the file that can be read, without those that training left out."""
    catalog = load_catalog(str(data["tools"])).catalog.declarations() if data["tools"] else None
    left_out = data.get("left_out") or ()
    for read in reader(catalog, trust_calls=True).read_each(Path(data["path"])):
        if isinstance(read.found, Row) and read.found.line not in left_out:
            yield read.found


def _is_same(rows: list[Row], data: Mapping[str, Any]) -> bool:
    """Whether these are the rows that were learned; what was put into their prompts or taken out cannot be told."""
    return bool(data.get("context_field") or data.get("drop_ungrounded")) or digest(rows) == data.get("digest")


def keys_of(row: Row) -> Iterator[str]:
    """Each request of the row and the answer that is learned to it."""
    request = ""
    for message in row.messages:
        if message["role"] == "user":
            request = str(message.get("content") or "")
        elif message["role"] == "assistant" and message.get("weight", 1):
            functions = [call["function"] for call in message.get("tool_calls") or ()]
            yield key_of(request, [(f["name"], f["arguments"]) for f in functions])


def key_of(request: str, calls: list[tuple[str, Any]]) -> str:
    """What tells one request and its answer from others: neither case nor spacing of the request, nor texts around."""
    told = sorted(json.dumps(call, sort_keys=True, ensure_ascii=False) for call in calls)
    return json.dumps([" ".join(request.casefold().split()), told], ensure_ascii=False)


def _calls(calls: Sequence[ToolCall]) -> list[tuple[str, Any]]:
    return [(call.name, dict(call.arguments)) for call in calls]
