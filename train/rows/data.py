"""Training rows from a file, each checked before anything is trained on it.

Whatever form a row comes in (fixtures/rows/), it is a conversation that ends with an answer, and the tools of it;
tools that it does not bring itself are those of a catalog. A preference pair is a row whose answer is the chosen one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.reading.strict import NotJson
from fixtures.rows.draft import NOT_GIVEN, Draft, Unreadable
from fixtures.rows.files import records
from fixtures.rows.nulls import has_null, without_padding
from fixtures.rows.registry import draft_of
from fixtures.rows.tools import Declarations, tools_of
from train.rows.checks import Fault, calls_fault, message_fault

MAX_FAULTS_SHOWN = 10
"""More than a screen of faults helps nobody; the rest are counted."""

Tools = tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation that ends with an answer to learn, the tools it may use, and the line it came from.

    `kind` is what the line says of itself, if it does. `rejected` is the answer that a preference pair turns down.
    """

    line: int
    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...]
    kind: str = ""
    rejected: dict[str, Any] | None = None

    def canonical(self) -> str:
        """What is learned from the row as one JSON text, the same for every spelling of it; not what is rejected."""
        content = {"messages": self.messages, "tools": self.tools}
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Seen:
    """Rows of one form in a file: how many can be trained on, and what was converted in how many of them."""

    form: str
    rows: int
    notes: Mapping[str, int]

    @property
    def text(self) -> str:
        """Such as `OpenAI fine-tuning: 3 rows; arguments as JSON text`."""
        told = [note if count == self.rows else f"{note} ({count})" for note, count in self.notes.items()]
        counted = f"{self.form}: {self.rows} {'row' if self.rows == 1 else 'rows'}"
        return "; ".join(filter(None, [counted, ", ".join(told)]))


@dataclass(frozen=True, slots=True)
class Checked:
    """The rows that can be trained on, what is wrong with the others, in the file's order, and the forms they had."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    forms: tuple[Seen, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """One row of a file as it came, and what was made of it; `draft` is None where it is of no form."""

    data: Any
    found: Row | Fault
    draft: Draft | None
    share: float


def digest(rows: Iterable[Row]) -> str:
    """A content hash of the rows in their order."""
    hasher = hashlib.sha256()
    for row in rows:
        hasher.update(row.canonical().encode() + b"\n")
    return hasher.hexdigest()


def read_rows(
    path: Path,
    form: Format,
    catalog: Declarations | None = None,
    *,
    trust_calls: bool = False,
    context_field: str = "",
    progress: Callable[[float], None] = lambda share: None,
) -> Checked:
    """All rows of a file; raises UserError for a file that cannot be read or holds no row at all.

    `context_field` names a field of each row whose content goes into the prompt, behind the developer's line.
    `progress` is told the share of the file that was read.
    """
    rows: list[Row] = []
    faults: list[Fault] = []
    counts: dict[str, Counter[str]] = {}
    for read in read_each(path, catalog, trust_calls=trust_calls):
        found = read.found
        if context_field and isinstance(found, Row):
            found = _with_context(found, dict(read.data).get(context_field), context_field, form)
        problem = found if isinstance(found, Fault) else _cannot_be_written(found, form)
        if isinstance(problem, Fault):
            faults.append(problem)
        elif isinstance(found, Row) and read.draft:
            rows.append(found)
            counts.setdefault(read.draft.form, Counter()).update(["", *read.draft.notes])
        progress(read.share)
    return Checked(tuple(rows), tuple(faults), seen_of(counts))


def seen_of(counts: Mapping[str, Counter[str]]) -> tuple[Seen, ...]:
    """The forms by how often they were seen; of each, the empty note counts its rows."""
    seen = [Seen(form, notes[""], {note: notes[note] for note in notes if note}) for form, notes in counts.items()]
    return tuple(sorted(seen, key=lambda one: -one.rows))


def read_each(path: Path, catalog: Declarations | None = None, *, trust_calls: bool = False) -> Iterator[Read]:
    """Each row of a file, checked but for what a format asks; raises UserError for a file without rows."""
    declared = None if catalog is None else tuple(dict(tool) for tool in catalog)
    empty = True
    for record in records(path):
        empty = False
        yield Read(record.value, *_row_of(record.number, record.value, declared, trust_calls), record.share)
    if empty:
        raise UserError(str(path), "there is no row in this file", allowed="one JSON object a line")


def accept(path: Path, checked: Checked, *, skip: bool, say: Callable[[str], None]) -> tuple[Row, ...]:
    """The good rows; raises UserError if there are bad ones that are not to be skipped, or nothing is left."""
    accept_parts(path, len(checked.rows), checked.faults, skip=skip, say=say)
    return checked.rows


def accept_parts(path: Path, good: int, faults: Sequence[Fault], *, skip: bool, say: Callable[[str], None]) -> None:
    """Tell which rows are left out; raises UserError if they are not to be skipped, or if none of them is good."""
    if not faults:
        return
    count = len(faults)
    noun = "row" if count == 1 else "rows"
    if not skip:
        raise UserError(
            str(path),
            f"{count} {noun} cannot be trained on\n{listing(path, faults)}",
            hint="repair what is named above, or leave such rows out with --skip-bad-rows",
        )
    if not good:
        raise UserError(str(path), f"no row can be trained on\n{listing(path, faults)}")
    say(f"left out {count} {noun} of {path}:\n{listing(path, faults)}\n")


def listing(path: Path, faults: Sequence[Fault]) -> str:
    """The first faults, one a line, each with file and line."""
    lines = [f"    {path}:{fault.line}: {fault.text}" for fault in faults[:MAX_FAULTS_SHOWN]]
    if len(faults) > MAX_FAULTS_SHOWN:
        lines.append(f"    and {len(faults) - MAX_FAULTS_SHOWN} more")
    return "\n".join(lines)


def _with_context(row: Row, context: Any, field: str, form: Format) -> Row | Fault:
    """The row with the context in its developer message: a text as it is, anything else as JSON."""
    if context in (None, ""):
        return Fault(row.line, f"/{field}", "the row has no such field to put into the prompt")
    told = context if isinstance(context, str) else json.dumps(context, ensure_ascii=False)
    first, *rest = form.with_developer(row.messages)
    return replace(row, messages=({**first, "content": f"{first['content']}\n{told}"}, *rest))


def _row_of(line: int, data: Any, catalog: Tools | None, trust_calls: bool) -> tuple[Row | Fault, Draft | None]:
    if isinstance(data, NotJson):
        broken = data.reason if data.reason.startswith("this is") else f"this is not JSON: {data.reason}"
        return Fault(line, "", broken), None
    if not isinstance(data, dict):
        return Fault(line, "", f"a row is a JSON object, not {type(data).__name__}"), None
    try:
        draft = draft_of(data)
        return _checked(line, draft, catalog, str(data.get("kind") or ""), trust_calls), draft
    except Unreadable as error:
        return Fault(line, error.pointer, error.problem), None


def _checked(line: int, draft: Draft, catalog: Tools | None, kind: str, trust_calls: bool) -> Row | Fault:
    tools = catalog
    if draft.tools is not NOT_GIVEN:
        read = tools_of(draft.tools)
        if read.problem:
            return Fault(line, "/tools", read.problem)
        for note in read.notes:
            draft.note(note)
        tools = read.tools
    if tools is None:
        such = ", for example --tools tuya" if draft.form == "SeedCore" else ""
        return Fault(line, "/tools", f"the row has no `tools`; give them in the row, or a catalog with --tools{such}")
    fault = message_fault(line, draft.said, f"/{draft.used[0]}")
    if fault:
        return fault
    _drop_padding(draft, tools)
    fault = None if trust_calls else calls_fault(line, draft.said, tools)
    if fault:
        return fault
    rejected = draft.rejected
    if rejected and (not isinstance(rejected.message, dict) or rejected.message.get("role") != "assistant"):
        return Fault(line, rejected.place, "what is rejected is an assistant's message")
    messages = tuple(said.message for said in draft.said)
    return Row(line, messages, tools, kind, rejected.message if rejected else None)


def _drop_padding(draft: Draft, tools: Tools) -> None:
    """Take nulls that say nothing out of the arguments of known tools."""
    for said in (*draft.said, *([draft.rejected] if draft.rejected else [])):
        for call in (isinstance(said.message, dict) and said.message.get("tool_calls")) or ():
            function = call.get("function") if isinstance(call, dict) else None
            if not isinstance(function, dict) or not isinstance(function.get("arguments"), dict):
                continue
            if has_null(function["arguments"]):
                known = [tool["function"] for tool in tools if tool["function"]["name"] == function.get("name")]
                schema = known[0].get("parameters") or {} if known else {}
                kept = without_padding(function["arguments"], schema) if known else function["arguments"]
                if kept != function["arguments"]:
                    function["arguments"] = kept
                    draft.note("nulls read as absent")


def _cannot_be_written(row: Row, form: Format) -> Fault | None:
    """What hinders the format from writing this row, if anything does."""
    try:
        form.check(row.messages, row.tools)
    except UserError as error:
        return Fault(row.line, "", f"{error.where}: {error.problem}")
    return None
