"""`python -m train convert FILE --out ROWS.jsonl`: rows of any form that is read, in the project's own.

The file is written whole or not at all. What a row has beside its conversation stays in it, so `--context-field` finds
the same fields in both files.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter as Counts
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fixtures.datasets.options import add_out
from fixtures.datasets.rows import write_rows
from fixtures.files import check_free
from fixtures.progress import Share
from fixtures.rows.checks import Fault
from fixtures.rows.reading import Read, Row, reader
from fixtures.rows.registry import DECIDING
from fixtures.rows.tools import Declarations
from train.rows.catalog import declared_tools
from train.rows.data import accept_parts, seen_of
from train.screen import say

ABOUT = "write rows of any form that is read (OpenAI's, ShareGPT's, xLAM's, ...) in the project's own form"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="FILE", help="the rows: JSON lines, a JSON array or parquet")
    add_out(parser)
    parser.add_argument("--tools", help="tools for rows without their own: a file or a shipped catalog's name")
    parser.add_argument("--skip-bad-rows", action="store_true", help="leave out rows that cannot be read")


def main(options: argparse.Namespace) -> int:
    """Read, write and say what was converted; raises UserError for bad input, and nothing is written then."""
    check_free(options.out, options.overwrite)
    catalog = declared_tools(options.tools)
    counts: dict[str, Counts[str]] = {}
    write_rows(options.out, _converted(options, catalog, counts))
    seen = seen_of(counts)
    say("".join(f"read as {form.text}\n" for form in seen) + f"{sum(form.rows for form in seen)} rows in {options.out}")
    return 0


def _converted(
    options: argparse.Namespace, catalog: Declarations | None, counts: dict[str, Counts[str]]
) -> Iterator[dict[str, Any]]:
    """The rows as they are to be written; raises UserError behind the last one if some are bad."""
    faults: list[Fault] = []
    show = Share(sys.stderr, "rows read").show
    for read in reader(catalog).read_each(options.data):
        if isinstance(read.found, Fault):
            faults.append(read.found)
        elif read.draft is not None:
            counts.setdefault(read.draft.form, Counts()).update(["", *read.draft.notes])
            yield own_form(read, read.found)
        show(read.share)
    accept_parts(options.data, sum(count[""] for count in counts.values()), faults, skip=options.skip_bad_rows, say=say)


def own_form(read: Read, row: Row) -> dict[str, Any]:
    """A row as `messages` and `tools`, or a pair as `prompt`, `chosen` and `rejected`; then what else it had."""
    used = (*(read.draft.used if read.draft else ()), *DECIDING)
    messages = list(row.messages)
    said = (
        {"messages": messages}
        if row.rejected is None
        else {"prompt": messages[:-1], "chosen": messages[-1:], "rejected": [row.rejected]}
    )
    more = {key: value for key, value in read.data.items() if key not in used and value is not None}
    return {**said, "tools": list(row.tools), **({"kind": row.kind} if row.kind else {}), **more}
