"""`python -m train lessons --rows N --out FILE`: write rows with the right answers to what the gating contracts ask.

For a team that has catalogs and no data yet; `repair` makes its rows of the same draws. The requests are drawn as the
gate draws them, traps and hard values included, but in words of another split; those that stand in the exam or among
the known counterexamples word for word are left out.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from fixtures.choosing import SeededChooser
from fixtures.datasets.options import add_drawing
from fixtures.datasets.rows import row_of, write_rows
from fixtures.errors import UserError, closest
from fixtures.files import check_free
from fixtures.formats import FORMATS, Format
from fixtures.grounding import normal
from fixtures.types import Case
from suite.contracts import GATING
from suite.exam.scene import Scene
from suite.gating import Drawn
from suite.judging.contract import Contract
from train.format_options import add_format, spoken
from train.rows.leaks import add_exam, exam_of, exam_requests, exam_settings
from train.screen import say

ABOUT = "write rows with the right answers to requests as the gating contracts ask them, also for your own catalogs"
MOST_DRAWS = 20
"""Draws for each row that is wanted; where so few of them have a right answer that can be written, none will do."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=400, help="how many rows (default: %(default)s)")
    parser.add_argument(
        "--contract", action="append", metavar="NAME", help="whose requests; repeatable (default: all that gate)"
    )
    parser.add_argument(
        "--tools", action="append", metavar="CATALOG",
        help="a catalog, a file or a shipped name; may be given again (default: those of the gate)",
    )  # fmt: skip
    parser.add_argument("--adapter", type=Path, metavar="RUN", help="write in the format of this adapter")
    parser.add_argument("--base", metavar="NAME", help="whose chat template --format auto means (default: tiny)")
    add_format(parser, f"the adapter's, or {FORMATS[0]}")
    add_exam(parser)
    add_drawing(parser)


def main(options: argparse.Namespace) -> int:
    """Draw, write and say what was drawn; raises UserError for bad input."""
    if options.rows < 1:
        raise UserError(f"--rows {options.rows}", "must be at least 1")
    check_free(options.out, options.overwrite)
    contracts = [_named(name) for name in options.contract] if options.contract else GATING
    settings, known = exam_settings(options, options.tools)
    form = spoken(options).format
    scene = Drawn.of(settings).scene(form, options.split).without_examples(form)
    exam = exam_requests(exam_of(settings, form), known)
    drawn = fresh(contracts, scene, options.rows, f"lessons:{options.seed}", exam, form)
    write_rows(options.out, (row_of(case) for _, case in drawn))
    counts = Counter(contract.name for contract, _ in drawn)
    say("\n".join(f"{name:<28}{number:>6}" for name, number in counts.items()))
    say(f"{len(drawn)} rows in {options.out}")
    return 0


def fresh(
    contracts: Sequence[Contract],
    scene: Scene,
    rows: int,
    seed: str,
    exam: Collection[str] = (),
    form: Format | None = None,
) -> list[tuple[Contract, Case]]:
    """So many cases whose right answer can be written (in this format, by default in any), of each contract in turn;
    UserError if hardly any has one."""
    found: list[tuple[Contract, Case]] = []
    for number in range(MOST_DRAWS * rows):
        for contract in contracts:
            case = contract.draw(scene, SeededChooser(f"{seed}:{contract.name}:{number}"))
            if has_answer(case) and normal(case.request) not in exam and is_writable(case, form):
                found.append((contract, case))
            if len(found) == rows:
                return found
    raise UserError("--tools", f"these catalogs give {len(found)} rows of {rows}", hint="fewer --rows")


def has_answer(case: Case) -> bool:
    """Whether the right answer can be written: where nothing fits, only a catalog that wants no call then tells it."""
    calls = case.oracle.calls
    return bool(calls) or (calls == () and case.catalog.policy == "abstain")


def is_writable(case: Case, form: Format | None) -> bool:
    """Whether the format can represent the case and its answer: some write one call a turn, or no text beside it."""
    if form is None:
        return True
    row = row_of(case)
    try:
        form.check(row["messages"], row["tools"])
    except UserError:
        return False
    return True


def _named(name: str) -> Contract:
    names = [contract.name for contract in GATING]
    if name not in names:
        hint = closest(name, names)
        raise UserError(
            f"--contract {name}", "no gating contract has this name", allowed=", ".join(names),
            hint=f"--contract {hint}" * bool(hint),
        )  # fmt: skip
    return GATING[names.index(name)]
