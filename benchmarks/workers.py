"""`python -m benchmarks.workers [--steps N] [--rounds N]`: the base's training with two threads, and with two workers.

The same steps of the recipe from the embedded base's own weights: by one process of two threads, and by two processes
of one thread, each on a core of its own, that share gradients and so read twice as many rows. Counted from the step at
which everything is compiled. Rounds alternate; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from fixtures.bases.tiny.schedule import Phase, Recipe

COMPILED = 20
"""Steps until every shape of a batch has been compiled; the recipe reports this one."""


def batches_a_second(recipe: Recipe) -> float:
    """Of all workers together, between the report of step 20 and the last report."""
    from fixtures.bases.tiny.recipe import train

    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "told"
        train(recipe, Path(folder) / "work", report=partial(note, told))
        lines = [line.split() for line in told.read_text(encoding="utf-8").splitlines()]
    at = {int(step): float(second) for second, step in lines}
    last = max(at)
    return recipe.workers * (last - COMPILED) / (at[last] - at[COMPILED])


def note(told: Path, line: str) -> None:
    """Keep when a step was reported, as seconds and number."""
    if line.startswith("step "):
        with told.open("a", encoding="utf-8") as file:
            file.write(f"{time.monotonic()} {line.split()[1]}\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--steps", type=int, default=81, help="of each way, from 41 on (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    if options.steps < 2 * COMPILED + 1:
        parser.error("--steps: the first 20 are not counted, and each twentieth is reported; 41 and more")

    from fixtures.bases.tiny import recipe as module

    weights = str(Path(module.__file__).parent)
    phase = (Phase(options.steps, 1e-6),)
    alone = Recipe(
        begin_with=weights, skill=phase, workers=1, threads=2, held_out_every=options.steps, held_out_cases=1
    )
    ways = {"two threads": alone, "two workers": replace(alone, workers=2, threads=1)}
    paces: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        for name, recipe in ways.items():
            paces[name].append(batches_a_second(recipe))
    for name, found in paces.items():
        least, most = min(found), max(found)
        sys.stdout.write(f"{name}: {statistics.median(found):.3f} batches a second ({least:.3f} to {most:.3f})\n")
    ratio = statistics.median(paces["two workers"]) / statistics.median(paces["two threads"])
    sys.stdout.write(f"two workers read {ratio:.2f} of what two threads read\n")


if __name__ == "__main__":
    main()
