"""Counterexamples of a results file as rows of a file of the user's: what went wrong once becomes a regression case."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.datasets.rows import row_of as training_row
from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.formats import FORMATS, load_format
from fixtures.reading.strict import NotJson, parse_strictly
from fixtures.rows import acceptable
from fixtures.rows.checks import Fault
from fixtures.types import Case
from suite.exam.own import as_own_case
from suite.outcome import Counterexample, Results


@dataclass(frozen=True, slots=True)
class Kept:
    """How many rows were written and how many were there already, and why others have no row."""

    written: int
    there: int
    left_out: Sequence[str] = ()


def chosen(results: Results, number: int | None, where: str) -> list[Counterexample]:
    """All counterexamples, or the one of that number, counted from 1 in the file's order; UserError if it has none."""
    examples = [example for contract in results.contracts for example in contract.counterexamples]
    if not examples:
        raise UserError(where, "it has no counterexample", hint="there is nothing to keep")
    if number is None:
        return examples
    if not 1 <= number <= len(examples):
        raise UserError(f"--number {number}", f"{where} has no such counterexample", allowed=f"1 to {len(examples)}")
    return [examples[number - 1]]


def keep(examples: Iterable[Counterexample], form: str, out: Path) -> Kept:
    """Append the rows of these counterexamples to a file of JSON lines, whole or not at all; none stands there twice.

    `form` is the format that they were asked in. Raises UserError for a file that holds something else.
    """
    before, there = _existing(out)
    fresh: dict[str, Mapping[str, Any]] = {}
    left_out: list[str] = []
    known = 0
    for example in examples:
        row = row_of(example, form)
        if isinstance(row, str):
            left_out.append(f"{example.contract}: {row}")
        elif (key := _key(row)) in there or key in fresh:
            known += 1
        else:
            fresh[key] = row
    if fresh:
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in fresh.values())
        write_text(out, (before if before.endswith("\n") or not before else f"{before}\n") + lines)
    return Kept(len(fresh), known, tuple(left_out))


def row_of(example: Counterexample, form: str) -> dict[str, Any] | str:
    """The row that asks what the counterexample asked, or why there is none."""
    case = example.case.variant.case if example.case.variant else example.case
    calls = case.oracle.calls
    if calls is None:
        return "the right answer is not known"
    if not calls and not case.oracle.acceptable and case.catalog.policy != "abstain":
        return "what is right where nothing fits is told by the catalog's policy, which a row has no word for"
    taught = training_row(case)
    row: dict[str, Any] = {"messages": taught["messages"], "tools": taught["tools"], "kind": taught["kind"]}
    row |= {"must": True, "tags": [example.contract]}
    if more := _more(case):
        row[acceptable.KEY] = more
    # A format that was found has no name to load it by; hermes refuses least, and a gate looks at its rows again.
    found = as_own_case(row, load_format(form if form in FORMATS else "hermes"))
    return f"as a row, it could not be read again: {found.text}" if isinstance(found, Fault) else row


def _more(case: Case) -> list[list[dict[str, Any]]]:
    """The acceptable sets of calls beside the row's own answer."""
    plain = [{"name": call.name, "arguments": dict(call.arguments)} for call in case.oracle.calls or ()]
    return [one for one in acceptable.as_json(case.oracle.acceptable) if one != plain]


def _existing(out: Path) -> tuple[str, set[str]]:
    """What stands in the file, and the keys of its rows."""
    if not os.path.lexists(out):
        return "", set()
    try:
        text = out.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"--out {out}", f"this file cannot be read: {error}", allowed="a file of JSON lines") from error
    keys = set()
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        row = parse_strictly(line)
        if isinstance(row, NotJson) or not isinstance(row, dict):
            problem = f"line {number} is no row: " + (
                row.reason if isinstance(row, NotJson) else "it is no JSON object"
            )
            raise UserError(f"--out {out}", problem, allowed="a file of JSON lines", hint="name another file")
        keys.add(_key(row))
    return text, keys


def _key(row: Mapping[str, Any]) -> str:
    """What makes two rows the same: all that is asked and what is right, whatever they are called by."""
    told = {key: row.get(key) for key in ("messages", "tools", acceptable.KEY)}
    return json.dumps(told, sort_keys=True, ensure_ascii=False)
