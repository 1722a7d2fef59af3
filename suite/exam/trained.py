"""Whether the user's own rows were trained on: an exam whose answers were learned proves nothing.

A run folder of callproof's has settings.json, which names the rows that the adapter learned from and their hash, and
the adapter that it went on from, which learned from rows of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.catalogs import SHIPPED, load_catalog
from fixtures.errors import UserError
from fixtures.rows.reading import Row, digest, reader
from fixtures.types import ToolCall

Requests = Sequence[tuple[str, Sequence[ToolCall]]]
"""Of rows: what is asked, and the calls that answer it."""

MOST_RUNS = 20
"""Of one chain that are looked at; a repair makes a handful."""


@dataclass(frozen=True, slots=True)
class _Run:
    """What one run learned from, as its settings.json tells it; `start` is the adapter that it went on from."""

    folder: Path
    data: Mapping[str, Any]
    start: str


def warning(requests: Requests, adapter: Path | None) -> str:
    """What is to be said of rows that this adapter (its PEFT folder, or the run's) was trained on; empty if nothing is.

    A run that went on from another one learned that one's rows too. Nothing is known of an adapter that has no run
    folder around it, and nothing is said then.
    """
    first = _run_at(adapter) if requests and adapter else None
    if first is None:
        return ""
    runs, broken = _chain(first)
    told = [_learned(requests, run, f" by {run.folder}, which it goes on from" if number else "", number == 0)
            for number, run in enumerate(runs)]  # fmt: skip
    return "; ".join(filter(None, [*told, broken]))


def _learned(requests: Requests, run: _Run, by: str, first: bool) -> str:
    """What is to be said of the rows of one run."""
    try:
        rows = list(_rows(run))
    except UserError as error:
        what = "these rows were trained on" if first else f"they were trained on{by}"
        return f"whether {what} is not known: {error.where}: {error.problem}"
    learned = {key for row in rows for key in keys_of(row)}
    both = sum(key_of(request, _calls(calls)) in learned for request, calls in requests)
    changed = "" if _is_same(rows, run.data) else f", as it is now; {run.data['path']} has changed since"
    if both:
        return f"{both} of {len(requests)} rows, request and answer alike, were trained on{by}{changed}"
    return f"no row is in what was trained on{by}{changed}" if changed else ""


def _chain(first: _Run) -> tuple[list[_Run], str]:
    """The run and those before it, and what hinders from looking further back; empty where the first one began anew."""
    runs = [first]
    while start := runs[-1].start:
        if len(runs) == MOST_RUNS:
            return runs, f"what the runs before the last {MOST_RUNS} learned is not known"
        before = _run_at(_found(start, runs[-1].folder))
        if before is None:
            return (
                runs,
                f"what {start}, which {runs[-1].folder} goes on from, had learned is not known: no run there",
            )
        if before.folder.resolve() in [run.folder.resolve() for run in runs]:
            return runs, f"{runs[-1].folder} goes on from {before.folder}, which goes on from it: one was made anew"
        runs.append(before)
    return runs, ""


def _run_at(adapter: Path) -> _Run | None:
    """What settings.json of the run says; None where there is no such run."""
    folder = next((folder for folder in (adapter, adapter.parent) if (folder / "settings.json").is_file()), None)
    if folder is None:
        return None
    try:
        facts = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
        data = {**facts["data"], "path": str(facts["data"]["path"])}
        return _Run(folder, data, str((facts.get("start") or {}).get("adapter") or ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _found(name: str, folder: Path) -> Path:
    """A path that a run was started with: from here, else from a folder around the run."""
    places = [Path(name), *(around / name for around in folder.resolve().parents)]
    return next((place for place in places if place.exists()), places[0])


def _rows(run: _Run) -> Iterator[Row]:
    """The rows of the file that can be read, without those that training left out."""
    tools = run.data.get("tools")
    name = str(tools) if tools in (None, *SHIPPED) else str(_found(str(tools), run.folder))
    catalog = load_catalog(name).catalog.declarations() if tools else None
    left_out = run.data.get("left_out") or ()
    for read in reader(catalog, trust_calls=True).read_each(_found(run.data["path"], run.folder)):
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
