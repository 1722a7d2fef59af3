"""`python -m benchmarks.good_adapter --out FOLDER`: makes the good adapter that docs/trust.md gates under fresh seeds.

The main job's 400 hotel rows leave an adapter that makes a tool up in one or two of 1,000 cases, which a *never*
contract does not let pass. This one learns what the contracts ask as well: 2,400 lessons beside the hotel rows, then
2,900 more, 2,000 of them tempting ones. That takes an hour on one core; a part that is finished is not made again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fixtures.catalogs import load_catalog
from fixtures.datasets.hotel import build
from fixtures.datasets.rows import row_of, write_rows
from fixtures.errors import UserError
from fixtures.types import Case
from fixtures.vocab import words
from suite.cases import masked, named_in_request, near_miss, only_in_history
from suite.contract import Contract, Draw
from suite.contracts import GATING
from suite.contracts.never_hallucinates_tools import never_hallucinates_tools
from suite.gating import DEFAULT_CATALOGS
from suite.grounding import normal
from suite.scene import Scene
from train import cli
from train.leaks import exam_cases
from train.lessons import fresh, is_tempting

TRAPS: dict[str, tuple[Draw, int]] = {
    "masked": (masked, 1000),
    "named": (named_in_request, 450),
    "near miss": (near_miss, 350),
    "history": (only_in_history, 200),
}
"""How many tempting rows of each trap; most of the made-up calls were answers to the first kind."""


def lessons(contracts: Sequence[Contract], rows: int, seed: str) -> list[Case]:
    """What the contracts ask, on the gate's catalogs, without what stands in the exam of seed 0."""
    scene = Scene(tuple(load_catalog(name) for name in DEFAULT_CATALOGS), words=words("train"))
    exam = {normal(case.request) for case in exam_cases(0)}
    return [case for _, case in fresh(contracts, scene, rows, seed, exam)]


def tempting() -> list[Case]:
    """Requests that say words of several declared names, on drawn catalogs: on the hotel's, no tool was made up."""
    scene = Scene((), words=words("train"))
    traps = [(replace(never_hallucinates_tools, name=name, draw=draw), rows) for name, (draw, rows) in TRAPS.items()]
    drawn = [fresh([trap], scene, rows, "hard", keep=is_tempting) for trap, rows in traps]
    return [case for some in drawn for _, case in some]


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it; the exit status of the command that fails, or 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.good_adapter", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder for rows and runs; the adapter is in its `run`")
    out = parser.parse_args(arguments).out
    others = [contract for contract in GATING if contract is not never_hallucinates_tools]
    try:
        first = [*build(400, 1, "train"), *map(row_of, lessons(GATING, 2400, "lessons:1"))]
        write_rows(out / "first.jsonl", first)
        write_rows(out / "further.jsonl", map(row_of, [*tempting(), *lessons(others, 900, "lessons:7")]))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sft = ["sft", "--epochs", "1", "--resume"]
    further = ["--from", str(out / "first"), "--learning-rate", "4e-4", "--seed", "2"]
    return (
        cli.main([*sft, "--data", str(out / "first.jsonl"), "--out", str(out / "first"), "--seed", "1"])
        or cli.main([*sft, *further, "--data", str(out / "further.jsonl"), "--out", str(out / "run")])
        or cli.main(["calibrate", str(out / "run")])
    )


if __name__ == "__main__":
    sys.exit(main())
