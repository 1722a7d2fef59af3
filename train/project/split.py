"""`python -m train split DATA --out DIR`: rows of any form in three parts, none of which knows the requests of another.

DIR/train.jsonl     to train on
DIR/examples.jsonl  to take language from
DIR/cases.jsonl     to be asked word for word: --cases

All three are written or none. A row keeps what it has beside its conversation (tags, must, acceptable); one that
brought no tools gets none. docs/own-rows.md tells which row goes where.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.files import check_free, whole_file
from fixtures.formats import FORMATS, Format, load_format
from fixtures.printing import one_line
from fixtures.progress import Share
from fixtures.rows.acceptable import with_answer
from fixtures.rows.checks import Fault
from fixtures.rows.draft import NOT_GIVEN
from fixtures.rows.files import records
from fixtures.rows.reading import Read, Row, reader
from fixtures.rows.tools import Declarations
from suite.exam.own import as_own_case
from train.project.parts import NO_CALL, PARTS, TRAIN, Shares, part_rows, tools_of
from train.rows.catalog import declared_tools
from train.rows.convert import own_form
from train.rows.data import accept_parts, cannot_be_written, seen_of
from train.screen import say

ABOUT = "split rows by request into what is trained on, examples, and held-out cases"
DEFAULT_SHARES = "60,20,20"
_NAMES = 8
"""Tools that are named; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A row as it is trained on and as it is asked, both in the project's own form; and whether it must hold."""

    row: Row
    trained: Mapping[str, Any]
    asked: Mapping[str, Any]
    must: bool


@dataclass(frozen=True, slots=True)
class Split:
    """Rows in their parts, in the file's order, and the tools whose requests were too much alike to be kept apart."""

    parts: tuple[tuple[Taken, ...], ...]
    near: tuple[str, ...]

    @property
    def told(self) -> str:
        """What came of it, for a person."""
        lines = [f"{name + '.jsonl':<15}{_counted(part)}" for name, part in zip(PARTS, self.parts, strict=True)]
        has = [{tool for taken in part for tool in tools_of(taken.row)} - {NO_CALL} for part in self.parts]
        every = set[str]().union(*has)
        lines.append(f"{len(every)} {'tool is' if len(every) == 1 else 'tools are'} called")
        for name, tools in zip(PARTS, has, strict=True):
            lines += [f"  in no row of {name}.jsonl: {_named(every - tools)}"] if every - tools else []
        if self.near:
            names = _named(["(no call)" if tool == NO_CALL else tool for tool in self.near])
            lines.append(
                f"  nearly the same is asked for in all rows, so only the very same are kept together: {names}"
            )
        return one_line_each(lines)


def one_line_each(lines: Sequence[str]) -> str:
    """Lines that a stranger's names cannot break."""
    return "\n".join(one_line(line) for line in lines)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DATA", help="the rows, in any form that train check reads")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the folder for the three files")
    add_splitting(parser)


def add_splitting(parser: argparse.ArgumentParser) -> None:
    """The options of every command that splits rows."""
    parser.add_argument("--tools", help="tools for rows without their own: a file or a shipped catalog's name")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="decides the split (default: 0)")
    parser.add_argument(
        "--shares", default=DEFAULT_SHARES, metavar="N,N,N",
        help="per cent for training, examples and cases (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument("--format", default=FORMATS[0], choices=FORMATS, help="the wire format (default: %(default)s)")
    parser.add_argument(
        "--skip-bad-rows", action="store_true", help="leave out rows that cannot be trained on or asked"
    )
    parser.add_argument("--overwrite", action="store_true", help="write over files of these names")


def main(options: argparse.Namespace) -> int:
    """Split, write and say what came of it; raises UserError for bad input, and nothing is written then."""
    shares = shares_of(options.shares)
    check_out(options.out, options.data, options.overwrite)
    form, catalog = load_format(options.format), declared_tools(options.tools)
    taken = take(options.data, form, catalog, skip=options.skip_bad_rows)
    split = split_rows(taken, shares, options.seed)
    write(options.out, split)
    say(f"{split.told}\nin {options.out}; python -m callproof init sets a project up with them")
    return 0


def shares_of(text: str) -> Shares:
    """Three whole percentages that make 100, some of it to be trained on; raises UserError for anything else."""
    numbers = [int(part) if part.strip().isdecimal() else -1 for part in text.split(",")]
    if len(numbers) != len(PARTS) or min(numbers) < 0 or sum(numbers) != 100 or not numbers[TRAIN]:
        allowed = "three whole numbers that make 100, for training (not 0), examples and cases"
        raise UserError(f"--shares {text}", "these are no shares of the rows", allowed=allowed, hint=DEFAULT_SHARES)
    return numbers[0], numbers[1], numbers[2]


def check_out(folder: Path, data: Path, overwrite: bool) -> None:
    """Raise UserError if the folder's files may not be written."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise UserError(f"--out {folder}", "this is a file, not a folder")
    for name in PARTS:
        path = folder / f"{name}.jsonl"
        if path.exists() and data.exists() and path.samefile(data):
            raise UserError(f"--out {folder}", f"{path} is what is to be split", hint="another --out")
        check_free(path, overwrite)


def take(
    data: Path,
    form: Format,
    catalog: Declarations | None,
    *,
    skip: bool,
    more: Callable[[Sequence[Row]], Sequence[Fault]] = lambda rows: (),
) -> list[Taken]:
    """The rows of a file that can be trained on and asked; raises UserError if others are there and not to be skipped.

    `more` has further faults to find in rows that are sound.
    """
    rows, faults, counts = reader(catalog), list[Fault](), dict[str, Counter[str]]()
    taken: list[Taken] = []
    empty, show = True, Share(sys.stderr, "rows read").show
    for record in records(data):
        empty, value = False, with_answer(record.value)
        found, draft = rows.row_of(record.number, value)
        one = _taken(Read(value, found, draft, record.share), form)
        if isinstance(one, Fault):
            faults.append(one)
        elif draft:
            taken.append(one)
            counts.setdefault(draft.form, Counter()).update(["", *draft.notes])
        show(record.share)
    if empty:
        raise UserError(str(data), "there is no row in this file", allowed="one JSON object a line")
    found_more = more([one.row for one in taken])
    bad = {fault.line for fault in found_more}
    taken = [one for one in taken if one.row.line not in bad]
    faults = sorted([*faults, *found_more], key=lambda fault: fault.line)
    accept_parts(data, len(taken), faults, skip=skip, say=say)
    say("".join(f"read as {seen.text}\n" for seen in seen_of(counts)).rstrip())
    return taken


def _taken(read: Read, form: Format) -> Taken | Fault:
    row = read.found
    if isinstance(row, Fault):
        return row
    if fault := cannot_be_written(row, form):
        return fault
    asked = own_form(read, replace(row, rejected=None))
    case = as_own_case(asked, form)
    if isinstance(case, Fault):
        return replace(case, line=row.line)
    trained = own_form(read, row)
    if read.draft and read.draft.tools is NOT_GIVEN:
        for one in (trained, asked):
            del one["tools"]
    return Taken(row, trained, asked, case.must)


def split_rows(taken: Sequence[Taken], shares: Shares, seed: int) -> Split:
    """The rows in three parts."""
    must = [number for number, one in enumerate(taken) if one.must]
    show = Share(sys.stderr, "requests compared").show
    found = part_rows([one.row for one in taken], must, shares, seed, show)
    parts = (tuple(one for one, p in zip(taken, found.parts, strict=True) if p == part) for part, _ in enumerate(PARTS))
    return Split(tuple(parts), found.near)


def write(folder: Path, split: Split) -> None:
    """Write the files whole, all of them or none; one without rows is not there afterwards."""
    with ExitStack() as stack:
        for name, part in zip(PARTS, split.parts, strict=True):
            if part:
                file = stack.enter_context(whole_file(folder / f"{name}.jsonl"))
                rows = (one.trained if name == PARTS[TRAIN] else one.asked for one in part)
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    for name, part in zip(PARTS, split.parts, strict=True):
        if not part:
            (folder / f"{name}.jsonl").unlink(missing_ok=True)


def _counted(part: Sequence[Taken]) -> str:
    requests = len({tuple(str(m.get("content")) for m in one.row.messages[:-1]) for one in part})
    must = sum(one.must for one in part)
    return f"{len(part)} {'row' if len(part) == 1 else 'rows'}, {requests} different" + (
        f", {must} that must hold" if must else ""
    )


def _named(tools: Sequence[str] | set[str]) -> str:
    names = sorted(tools)
    return ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")
