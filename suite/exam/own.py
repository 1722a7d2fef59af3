"""The user's own cases: labelled rows, asked word for word, whose right answer the row says. See docs/cases.md."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

from fixtures.catalogs import SpokenCatalog
from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.formats.bounded import OutOfBounds
from fixtures.grounding import said
from fixtures.rows.acceptable import KEY, acceptable_of, with_answer
from fixtures.rows.checks import Fault
from fixtures.rows.draft import Unreadable
from fixtures.rows.files import records
from fixtures.rows.reading import Reader, Row
from fixtures.sentences.unsaid import Choices, choices_of, wanted_of
from fixtures.types import Case, Catalog, Oracle, Tool, ToolCall, Wanted, assistant
from suite.exam.answers import answers
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
    exact: bool = False
    """Whether the row itself says what of its answer may be otherwise, or that nothing may."""


@dataclass(frozen=True, slots=True)
class OwnCases:
    """The rows of all files, none twice; `same` counts those left out because another row is the same, `files` has
    the content hash of each file. `contrary` has the places of rows that ask the same and accept nothing in common,
    `left_out` rows of outside exams that cannot be asked, and why."""

    rows: tuple[OwnCase, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    same: int = 0
    contrary: tuple[tuple[str, ...], ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def must(self) -> tuple[OwnCase, ...]:
        """The regression cases."""
        return tuple(one for one in self.rows if one.must)

    @property
    def asked(self) -> list[tuple[str, tuple[ToolCall, ...]]]:
        """What each row asks, and its own answer."""
        return [(one.case.request, one.case.oracle.calls or ()) for one in self.rows]

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
            found += [OwnCase(one.case, file, one.line, exact=True) for one in posed]
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
        raise refused("--cases", bad)
    kept = _without_same(_leniently(found))
    hashes = {file: digest_of(place_of(file)) for file in dict.fromkeys(files)}
    return OwnCases(kept, hashes, len(found) - len(kept), _contrary(kept), tuple(left_out))


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
        exact = data.get("exact") is True or data.get(KEY) is not None
        return OwnCase(case, file, line, data.get("must") is True, tags, exact)
    except Unreadable as error:
        return Fault(line, error.pointer, error.problem)
    except OutOfBounds:
        raise
    except UserError as error:
        return Fault(line, "", f"{error.where}: {error.problem}")


def _marks_fault(line: int, data: Mapping[str, Any]) -> Fault | None:
    """`must`, `exact` and `tags`, which only the exam reads; a null says nothing, as in all rows."""
    for key in ("must", "exact"):
        if not isinstance(data.get(key), bool | None):
            return Fault(line, f"/{key}", f"this must be true or false, not {data[key]!r}")
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


def _leniently(found: Sequence[OwnCase]) -> list[OwnCase]:
    """The rows, not judged by what nobody says in them, unless they say otherwise themselves."""
    choices = choices_of(call for one in found for call in one.case.oracle.calls or ())
    return [one if one.exact else replace(one, case=_lenient(one.case, choices)) for one in found]


def _lenient(case: Case, choices: Choices) -> Case:
    heard = list(said(case.messages))
    calls = case.oracle.calls or ()
    wanted = tuple(wanted_of(call, case.catalog[call.name].parameters, heard, choices) for call in calls)
    return replace(case, oracle=replace(case.oracle, acceptable=(wanted,)))


def _contrary(rows: Sequence[OwnCase]) -> tuple[tuple[str, ...], ...]:
    """The places of rows of one request and the same tools that cannot hold together, whatever is answered."""
    same: dict[str, list[OwnCase]] = {}
    for one in rows:
        same.setdefault(_key(one.case, whole=False), []).append(one)
    told = [group for group in same.values() if len(group) > 1 and not _share(group)]
    return tuple(tuple(f"{one.file}:{one.line}" for one in group) for group in told)


def _share(group: Sequence[OwnCase]) -> bool:
    """Whether one of the answers that these rows name is right in all of them."""
    named = [
        tuple(ToolCall(w.name, w.arguments) for w in one_set) for own in group for one_set in own.case.oracle.acceptable
    ]
    return any(all(answers(own.case, calls) for own in group) for calls in named)


def _without_same(found: Sequence[OwnCase]) -> tuple[OwnCase, ...]:
    """The rows without those that ask the same and accept the same; of such, one that must hold stays."""
    kept: dict[str, OwnCase] = {}
    for one in found:
        key = _key(one.case)
        if key not in kept or (one.must and not kept[key].must):
            kept[key] = one
    return tuple(kept.values())


def _key(case: Case, *, whole: bool = True) -> str:
    accepted = [sorted(map(repr, one)) for one in case.oracle.acceptable] if whole else []
    told = [case.messages, case.catalog.declarations(), accepted]
    return json.dumps(told, sort_keys=True, ensure_ascii=False, default=str)


def digest_of(path: Path) -> str:
    """The content hash of a file of rows, as results name it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def refused(option: str, bad: Mapping[str, Sequence[Fault]]) -> UserError:
    """One error for all bad rows of all files that the option names."""
    told: list[str] = []
    for file, faults in bad.items():
        told += [f"{file}:{fault.line}: {fault.text}" for fault in faults[:TOLD]]
        told += [f"{file}: and lines {spans([f.line for f in faults[TOLD:]])}"] if faults[TOLD:] else []
    count = sum(map(len, bad.values()))
    problem = f"{count} {'row' if count == 1 else 'rows'} cannot be asked\n" + "\n".join(told)
    hint = "repair what is named above; docs/cases.md has the form"
    return UserError(f"{option} {', '.join(bad)}", problem, hint=hint)


def spans(lines: Sequence[int]) -> str:
    """Numbers in rising order as a person writes them: `3, 7 to 9`."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1][1:] = [line]
        else:
            runs.append([line])
    return ", ".join(" to ".join(map(str, run)) for run in runs)
