"""`python -m benchmarks.good_adapter --out FOLDER`: makes the good adapter that docs/trust.md gates under fresh seeds.

The main job's 400 hotel rows leave an adapter that makes a tool up in one or two of 1,000 cases, which a *never*
contract does not let pass. This one learns what the contracts ask as well: 2,400 lessons beside the hotel rows, then
2,900 more, 2,000 of them tempting ones, then 1,400 that are balanced. That takes an hour and a quarter on one core; a
part that is finished is not made again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from fixtures.catalogs import load_catalog
from fixtures.datasets.hotel import build
from fixtures.datasets.rows import row_of, write_rows
from fixtures.errors import UserError
from fixtures.types import Case
from fixtures.vocab import words
from suite.cases import clear, masked, named_in_request, near_miss, only_in_history
from suite.contract import Contract, Draw
from suite.contracts import GATING
from suite.contracts.never_hallucinates_tools import never_hallucinates_tools
from suite.gating import DEFAULT_CATALOGS
from suite.grounding import normal
from suite.scene import Scene
from train import cli
from train.leaks import exam_cases
from train.lessons import fresh, is_tempting

Mix: TypeAlias = Mapping[str, tuple[Draw, int]]
"""Draws by name, and how many tempting rows of each."""
TRAPS: Mix = {
    "masked": (masked, 1000),
    "named": (named_in_request, 450),
    "near miss": (near_miss, 350),
    "history": (only_in_history, 200),
}
"""Most of the made-up calls were answers to the first kind. After these rows no tool was made up in 2,400 cases, but
in 7 instead of 1 of 100 clear ones no tool was called any more."""
BALANCED: Mix = {
    "served": (clear, 600),
    "masked": (masked, 250),
    "named": (named_in_request, 100),
    "near miss": (near_miss, 100),
    "history": (only_in_history, 50),
}
"""As many that a tool serves as that none does, which gives the choosing back."""


def lessons(contracts: Sequence[Contract], rows: int, seed: str) -> list[Case]:
    """What the contracts ask, on the gate's catalogs, without what stands in the exam of seed 0."""
    scene = Scene(tuple(load_catalog(name) for name in DEFAULT_CATALOGS), words=words("train"))
    exam = {normal(case.request) for case in exam_cases(0)}
    return [case for _, case in fresh(contracts, scene, rows, seed, exam)]


def tempting(mix: Mix, seed: str) -> list[Case]:
    """Requests that say words of several declared names, on drawn catalogs: on the hotel's, no tool was made up."""
    scene = Scene((), words=words("train"))
    asked = [(replace(never_hallucinates_tools, name=name, draw=draw), rows) for name, (draw, rows) in mix.items()]
    drawn = [fresh([trap], scene, rows, seed, keep=is_tempting) for trap, rows in asked]
    return [case for some in drawn for _, case in some]


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it; the exit status of the command that fails, or 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.good_adapter", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for rows and runs; the adapter is in its `run`")
    out = parser.parse_args(arguments).out
    others = [contract for contract in GATING if contract is not never_hallucinates_tools]
    stages = {
        "first": [*build(400, 1, "train"), *map(row_of, lessons(GATING, 2400, "lessons:1"))],
        "second": map(row_of, [*tempting(TRAPS, "hard"), *lessons(others, 900, "lessons:7")]),
        "run": map(row_of, [*tempting(BALANCED, "balanced"), *lessons(others, 300, "lessons:8")]),
    }
    start: list[str] = []
    out.mkdir(parents=True, exist_ok=True)
    for number, (name, rows) in enumerate(stages.items(), 1):
        data = out / f"{name}.jsonl"
        try:
            write_rows(data, rows)
        except UserError as error:
            sys.stderr.write(f"{error}\n")
            return 2
        learn = ["sft", "--data", str(data), "--out", str(out / name), "--epochs", "1", "--seed", str(number)]
        if status := cli.main([*learn, "--resume", *start]):
            return status
        start = ["--from", str(out / name), "--learning-rate", "4e-4"]
    return cli.main(["calibrate", str(out / "run")])


if __name__ == "__main__":
    sys.exit(main())
