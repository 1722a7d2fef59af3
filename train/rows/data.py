"""Training rows from a file, each checked before anything is trained on it.

Whatever form a row comes in (fixtures/rows/), it is a conversation that ends with an answer, and the tools of it;
tools that it does not bring itself are those of a catalog. A preference pair is a row whose answer is the chosen one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.formats.bounded import OutOfBounds
from fixtures.rows.checks import Fault
from fixtures.rows.reading import Row, reader
from fixtures.rows.tools import Declarations

MAX_FAULTS_SHOWN = 10
"""More than a screen of faults helps nobody; the rest are counted."""


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
    for read in reader(catalog, trust_calls=trust_calls).read_each(path):
        found = read.found
        if context_field and isinstance(found, Row):
            found = _with_context(found, dict(read.data).get(context_field), context_field, form)
        problem = found if isinstance(found, Fault) else cannot_be_written(found, form)
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


def cannot_be_written(row: Row, form: Format) -> Fault | None:
    """What hinders the format from writing this row, if anything does."""
    try:
        form.check(row.messages, row.tools)
    except OutOfBounds:
        raise
    except UserError as error:
        return Fault(row.line, "", f"{error.where}: {error.problem}")
    return None
