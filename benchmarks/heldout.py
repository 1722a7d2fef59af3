"""`python -m benchmarks.heldout [--base BASE] [--out FOLDER] [--rows N]`: what few-row adapters make of a base.

Trains `trainer` and `sft` on the hotel dataset, then asks the bare base and both adapters 250 held-out hotel cases and
250 on catalogs drawn from words that no training row has, and prints the table that the model card shows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fixtures.choosing import SeededChooser
from fixtures.datasets.hotel import build
from fixtures.datasets.rows import case_of
from fixtures.types import Case
from fixtures.vocab import words
from suite.engine import identify, start_engine
from suite.exam.answers import answers
from suite.exam.cases import clear
from suite.exam.scene import Scene
from suite.lanes.asking import MAX_NEW_TOKENS, Asker
from suite.reply import Reply
from suite.statistics.stats import clopper_pearson

COLUMNS = ("parses clean", "declared", "right tool", "exactly right")


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of one group of cases, as (held, trials) by column."""

    counts: dict[str, tuple[int, int]]

    def row(self) -> str:
        cells = []
        for column in COLUMNS:
            held, trials = self.counts[column]
            interval = clopper_pearson(held, trials)
            cells.append(f"{held / trials:6.1%} ({interval.low:.1%} to {interval.high:.1%})")
        return " | ".join(cells)


def measure(cases: Sequence[Case], replies: Sequence[Reply]) -> Figures:
    """`declared` counts called names, `right tool` and `exactly right` count cases with a right call."""
    called = [(case, call) for case, reply in zip(cases, replies, strict=True) for call in reply.parsed.calls]
    asked = [(case, reply) for case, reply in zip(cases, replies, strict=True) if case.oracle.calls]
    named = [
        sorted(c.name for c in reply.parsed.calls) == sorted(c.name for c in case.oracle.calls or ())
        for case, reply in asked
    ]
    exact = [reply.parsed.status == "clean" and answers(case, reply.parsed.calls) for case, reply in asked]
    return Figures(
        {
            "parses clean": (sum(r.parsed.status in ("clean", "no_call") for r in replies), len(replies)),
            "declared": (sum(call.name in case.catalog.names for case, call in called), len(called)),
            "right tool": (sum(named), len(named)),
            "exactly right": (sum(exact), len(exact)),
        }
    )


def held_out_cases(count: int) -> dict[str, list[Case]]:
    """Hotel rows of the eval split, and clear requests on drawn catalogs of the gate's words."""
    hotel = [case_of(row) for row in build(count, seed=500, split="eval", made_up_percent=0)]
    scene = Scene(catalogs=(), words=words("gate"))
    drawn = [clear(scene, SeededChooser(f"held out:{number}")) for number in range(count)]
    return {"hotel": hotel, "drawn": drawn}


def hotel_rows(folder: Path, count: int) -> Path:
    """The file of so many hotel rows, written if it is not there."""
    data = folder / f"hotel-{count}.jsonl"
    if not data.exists():
        _run("fixtures.datasets", "hotel", "--rows", str(count), "--seed", "1", "--split", "train", "--out", str(data))
    return data


def train(backend: str, data: Path, out: Path, *more: str) -> float:
    """Train one adapter by the project's own command; returns the seconds it took, start-up included."""
    started = time.monotonic()
    _run("train", backend, "--data", str(data), "--out", str(out), "--epochs", "1", *more)
    return time.monotonic() - started


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.heldout", description=__doc__)
    parser.add_argument("--base", default="tiny", help="as `pytest --base` takes it")
    parser.add_argument("--out", type=Path, default=Path("runs/heldout"), help="adapters in it are not trained again")
    parser.add_argument("--rows", type=int, default=400)
    parser.add_argument("--cases", type=int, default=250, help="of each of the two kinds")
    parser.add_argument("--format", default="functiongemma")
    parser.add_argument("--backend", action="append", help="default: trainer and sft")
    parser.add_argument("--processes", type=int, default=2, help="that train an adapter together")
    parser.add_argument("--bare-only", action="store_true", help="train nothing")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    groups = held_out_cases(options.cases)
    given = "--base", options.base, "--format", options.format, "--processes", str(options.processes)
    backends = [] if options.bare_only else options.backend or ["trainer", "sft"]
    lines = [f"| adapter | cases | {' | '.join(COLUMNS)} | training |", "| --- " * (len(COLUMNS) + 3) + "|"]
    for backend in [None, *backends]:
        folder, seconds = None, 0.0
        if backend:
            folder = options.out / f"{backend}-{options.format}"
            data = hotel_rows(options.out, options.rows)
            seconds = 0.0 if folder.exists() else train(backend, data, folder, *given)
        engine = start_engine(identify(folder, options.base, options.format))
        asker = Asker(engine, max_new_tokens=MAX_NEW_TOKENS)
        for name, cases in groups.items():
            row = measure(cases, asker.ask(cases)).row()
            lines.append(f"| {backend or 'bare base'} | {name} | {row} | {f'{seconds:.0f} s' if seconds else ''} |")
            sys.stdout.write(lines[-1] + "\n")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
