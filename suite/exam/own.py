"""The user's own cases: labelled rows, asked word for word, whose right answer the row says. See docs/cases.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from fixtures.catalogs import SpokenCatalog
from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.rows.acceptable import KEY, acceptable_of, with_answer
from fixtures.rows.checks import Fault
from fixtures.rows.draft import Unreadable
from fixtures.rows.files import records
from fixtures.rows.reading import Reader, Row
from fixtures.types import Case, Catalog, Oracle, Tool, ToolCall, Wanted, assistant
from suite.exam.outside.sources import is_outside, place_of, read_outside

KIND = "own"
"""Of a row that does not say its kind."""
TOLD = 20
"""Bad rows that are told with their fault; of those behind, only the lines."""


@dataclass(frozen=True, slots=True)
class OwnCase:
    """One row of the user's: what is asked, where it stands, and what it is called by; `must` for regression cases."""

    case: Case
    file: str
    line: int
    must: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnCases:
    """The rows of all files, none twice; `same` counts those left out because another row is the same, `files` has
    the content hash of each file; `left_out` are rows of outside exams that cannot be asked, and why."""

    rows: tuple[OwnCase, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    same: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def must(self) -> tuple[OwnCase, ...]:
        """The regression cases."""
        return tuple(one for one in self.rows if one.must)

    def shuffled(self, seed: int) -> tuple[OwnCase, ...]:
        """All rows in the order in which a gate of this seed asks them."""
        rows = list(self.rows)
        Random(f"own:{seed}").shuffle(rows)
        return tuple(rows)


def read_own(files: Sequence[str], catalogs: Sequence[SpokenCatalog], form: Format) -> OwnCases:
    """The rows of these files; raises one UserError that names all that cannot be asked, or a file that has none.

    `catalogs` are those that rows without tools of their own may mean; a format says what can be written.
    """
    tools = tuple(tuple(spoken.catalog.declarations()) for spoken in catalogs)
    rows = Reader(tools, file_option="--cases", tools_option="--catalog")
    found: list[OwnCase] = []
    bad: dict[str, list[Fault]] = {}
    left_out: list[str] = []
    for file in dict.fromkeys(files):
        if is_outside(file):
            posed, others = read_outside(file, form)
            found += [OwnCase(one.case, file, one.line) for one in posed]
            left_out += others
            continue
        empty = True
        for record in records(Path(file), "--cases"):
            empty = False
            one = _own_case(file, record.number, with_answer(record.value), rows, form)
            if isinstance(one, Fault):
                bad.setdefault(file, []).append(one)
            else:
                found.append(one)
        if empty:
            raise UserError(f"--cases {file}", "there is no row in this file", allowed="one JSON object a line")
    if bad:
        raise _refused(bad)
    kept = _without_same(found)
    return OwnCases(
        kept, {file: _digest(place_of(file)) for file in dict.fromkeys(files)}, len(found) - len(kept), tuple(left_out)
    )


def as_own_case(row: Mapping[str, Any], form: Format) -> OwnCase | Fault:
    """One row with tools of its own, as it would be read from a file."""
    return _own_case("", 1, with_answer(row), Reader(file_option="--cases", tools_option="--catalog"), form)


def _own_case(file: str, line: int, data: Any, rows: Reader, form: Format) -> OwnCase | Fault:
    row, draft = rows.row_of(line, data)
    if isinstance(row, Fault):
        return row
    if draft is not None and draft.rejected is not None:
        return Fault(line, "/rejected", "a preference pair is no case: which answers are right is told in `acceptable`")
    if fault := _marks_fault(line, data):
        return fault
    try:
        case, tags = _case(file, row, data, form), tuple(data.get("tags") or ())
        return OwnCase(case, file, line, data.get("must") is True, tags)
    except Unreadable as error:
        return Fault(line, error.pointer, error.problem)
    except UserError as error:
        return Fault(line, "", f"{error.where}: {error.problem}")


def _marks_fault(line: int, data: Mapping[str, Any]) -> Fault | None:
    """`must` and `tags`, which only the exam reads; a null says nothing, as in all rows."""
    if not isinstance(data.get("must"), bool | None):
        return Fault(line, "/must", f"this must be true or false, not {data['must']!r}")
    tags = data.get("tags")
    if tags is not None and not (isinstance(tags, list) and all(isinstance(tag, str) and tag.strip() for tag in tags)):
        return Fault(line, "/tags", "this must be a list of texts")
    return None


def _case(file: str, row: Row, data: Mapping[str, Any], form: Format) -> Case:
    """The row as a case; raises Unreadable for a bad `acceptable`, UserError for what the format cannot write."""
    functions = [tool["function"] for tool in row.tools]
    tools = tuple(Tool(f["name"], f.get("description") or "", f.get("parameters") or {}) for f in functions)
    *asked, last = row.messages
    form.check(asked, row.tools, prompt=True)
    calls = tuple(ToolCall(c["function"]["name"], c["function"]["arguments"]) for c in last.get("tool_calls") or ())
    sets = [tuple(Wanted(call.name, call.arguments) for call in calls)]
    if data.get(KEY) is not None:
        sets += acceptable_of(data[KEY], {tool.name: tool.parameters for tool in tools})
    for wanted in sets:
        form.check([*asked, _said(wanted)], row.tools)
    acceptable = tuple(one for place, one in enumerate(sets) if one not in sets[:place])
    return Case(Catalog(Path(file).name, tools), tuple(asked), Oracle(calls, acceptable), row.kind or KIND)


def _said(wanted: Sequence[Wanted]) -> Mapping[str, Any]:
    """An answer that makes these calls."""
    return assistant([ToolCall(one.name, one.arguments) for one in wanted], "" if wanted else "No.")


def _without_same(found: Sequence[OwnCase]) -> tuple[OwnCase, ...]:
    """The rows without those that ask the same and accept the same; of such, one that must hold stays."""
    kept: dict[str, OwnCase] = {}
    for one in found:
        key = _key(one.case)
        if key not in kept or (one.must and not kept[key].must):
            kept[key] = one
    return tuple(kept.values())


def _key(case: Case) -> str:
    told = [case.messages, case.catalog.declarations(), [sorted(map(repr, one)) for one in case.oracle.acceptable]]
    return json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _refused(bad: Mapping[str, Sequence[Fault]]) -> UserError:
    """One error for all bad rows of all files."""
    told: list[str] = []
    for file, faults in bad.items():
        told += [f"{file}:{fault.line}: {fault.text}" for fault in faults[:TOLD]]
        told += [f"{file}: and lines {spans([f.line for f in faults[TOLD:]])}"] if faults[TOLD:] else []
    count = sum(map(len, bad.values()))
    problem = f"{count} {'row' if count == 1 else 'rows'} cannot be asked\n" + "\n".join(told)
    hint = "repair what is named above; docs/cases.md has the form"
    return UserError(f"--cases {', '.join(bad)}", problem, hint=hint)


def spans(lines: Sequence[int]) -> str:
    """Numbers in rising order as a person writes them: `3, 7 to 9`."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1][1:] = [line]
        else:
            runs.append([line])
    return ", ".join(" to ".join(map(str, run)) for run in runs)
