"""`python -m benchmarks.blind_reading --catalog FILE ... [--drawn N] --out SHEET`: can a person tell what is asked for?

Writes requests in a shuffled order with the tools of their catalog, also shuffled, and the right calls into a file of
their own beside it (SHEET.answers.json). Somebody who sees only the sheet fills in `tool`, `arguments` and `natural`
(true if a person could say so); `python -m benchmarks.blind_reading --score SHEET` then says how often the very call
was named, and how many requests were found natural. docs/exam.md has the protocol.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fixtures.catalogs import load_catalog
from fixtures.catalogs.asking import askable
from fixtures.choosing import SeededChooser
from fixtures.formats import load_format
from fixtures.grammar.requests import ask
from fixtures.grammar.tools import SpokenTool, draw_catalog
from fixtures.types import ToolCall
from fixtures.vocab import words
from suite.exam.answers import same_calls
from suite.statistics.stats import clopper_pearson

DRAWN_SIZE = 6
"""Tools of a drawn catalog."""


def catalogs_of(
    names: Sequence[str], drawn: int, seed: int
) -> Iterator[tuple[str, list[dict[str, Any]], list[SpokenTool]]]:
    """Each catalog's name, all its declarations, and the tools that are asked for."""
    form = load_format("functiongemma")
    for name in names:
        (given,) = askable([load_catalog(name)], form, leave_out=True)
        yield given.catalog.name, [tool.declaration() for tool in given.catalog.tools], list(given.spoken)
    for number in range(drawn):
        tools = draw_catalog(words("gate"), SeededChooser(f"drawn:{seed}:{number}"), DRAWN_SIZE)
        yield f"drawn {number + 1}", [spoken.tool.declaration() for spoken in tools], tools


def sheet_of(names: Sequence[str], drawn: int, number: int, seed: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The sheet to fill in, and the right calls by the numbers of its requests; `number` requests a catalog."""
    chooser = SeededChooser(f"blind:{seed}")
    tools: dict[str, Any] = {}
    asked = []
    for name, declared, spoken in catalogs_of(names, drawn, seed):
        chooser.random.shuffle(declared)
        tools[name] = [one["function"] for one in declared]
        for _ in range(number):
            asked.append((name, ask(chooser.choice(spoken), words("gate"), chooser)))
    chooser.random.shuffle(asked)
    requests: list[dict[str, Any]] = [
        {"number": n, "catalog": name, "request": one.text, "tool": "", "arguments": {}, "natural": None}
        for n, (name, one) in enumerate(asked, 1)
    ]
    answers = [
        {"number": n, "tool": one.call.name, "arguments": dict(one.call.arguments)}
        for n, (_, one) in enumerate(asked, 1)
    ]
    return {"tools": tools, "requests": requests}, answers


def scored(sheet: dict[str, Any], answers: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line for each catalog and one for all: the very call, and natural ones, with exact 95 % intervals."""
    right = {one["number"]: ToolCall(one["tool"], one["arguments"]) for one in answers}
    rows = [
        (one["catalog"], same_calls([right[one["number"]]], [ToolCall(one["tool"], one["arguments"])]), one["natural"])
        for one in sheet["requests"]
        if one["tool"]
    ]
    yield "| catalog | requests | the very call | natural |\n| --- | --- | --- | --- |"
    for name in [*dict.fromkeys(row[0] for row in rows), "all"]:
        own = [row for row in rows if name in (row[0], "all")]
        exact, natural = sum(row[1] for row in own), sum(row[2] is True for row in own)
        yield f"| {name} | {len(own)} | {_share(exact, len(own))} | {_share(natural, len(own))} |"


def _share(count: int, total: int) -> str:
    if not total:
        return "none"
    interval = clopper_pearson(count, total)
    return f"{count / total:.0%} ({interval.low:.0%} to {interval.high:.0%})"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.blind_reading", description=__doc__)
    parser.add_argument("--catalog", action="append", default=[], metavar="FILE", help="or a shipped catalog's name")
    parser.add_argument("--drawn", type=int, default=0, metavar="N", help="catalogs that nobody wrote")
    parser.add_argument("--number", type=int, default=4, help="requests of each catalog")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, metavar="SHEET")
    parser.add_argument("--score", type=Path, metavar="SHEET", help="filled in")
    options = parser.parse_args(arguments)
    if options.score:
        sheet = json.loads(options.score.read_text(encoding="utf-8"))
        answers = json.loads(answers_of(options.score).read_text(encoding="utf-8"))
        sys.stdout.write("".join(f"{line}\n" for line in scored(sheet, answers)))
        return
    if not options.out:
        parser.error("--out SHEET or --score SHEET")
    sheet, answers = sheet_of(options.catalog, options.drawn, options.number, options.seed)
    options.out.write_text(json.dumps(sheet, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    answers_of(options.out).write_text(json.dumps(answers, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def answers_of(sheet: Path) -> Path:
    """Where the right calls of a sheet stand."""
    return sheet.with_name(f"{sheet.name}.answers.json")


if __name__ == "__main__":
    main()
