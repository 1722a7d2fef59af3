"""`python -m benchmarks.attention [--rows N] [--rounds N]`: adapters' training steps with and without pair attention.

The embedded base has a window of two in three of its eight layers. `sdpa` computes all pairs of tokens there and
throws most away; pair attention (fixtures/bases/tiny/attention.py) computes what the window holds. Rounds alternate on
the same rows of the hotel dataset; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fixtures.datasets.hotel import build as hotel_rows
from fixtures.datasets.rows import write_rows
from train.job import Job, Settings
from train.prepare import prepare


def seconds(trainer: Any, batches: Sequence[Any], attention: str) -> float:
    """How long losses and gradients of these batches take, a row each, in the arithmetic of the trainer."""
    trainer.model.base_model.model.set_attn_implementation(attention)
    started = time.perf_counter()
    for batch in batches:
        with trainer.accelerator.autocast():
            loss = trainer.model(**batch).loss
        loss.backward()
        trainer.model.zero_grad()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attention", description=__doc__)
    parser.add_argument("--rows", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    from fixtures.bases.tiny.attention import PAIRS
    from train.trainer import build

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "hotel.jsonl"
        write_rows(data, hotel_rows(options.rows, seed=1, split="train"))
        trainer = build(prepare(Job(backend="trainer", data=data, out=Path(folder) / "run", settings=Settings())))
        batches = [trainer.data_collator([row]) for row in trainer.train_dataset]
        times: dict[str, list[float]] = {"sdpa": [], PAIRS: []}
        for attention in times:
            seconds(trainer, batches[:3], attention)
        for _ in range(options.rounds):
            for attention, taken in times.items():
                taken.append(seconds(trainer, batches, attention))
    median = {attention: statistics.median(taken) for attention, taken in times.items()}
    for attention, taken in times.items():
        each = [f"{second / options.rows:.3f}" for second in (median[attention], min(taken), max(taken))]
        sys.stdout.write(f"{attention}: {each[0]} s a row ({each[1]} to {each[2]})\n")
    sys.stdout.write(f"pair attention takes {median[PAIRS] / median['sdpa']:.2f} of sdpa's time\n")


if __name__ == "__main__":
    main()
