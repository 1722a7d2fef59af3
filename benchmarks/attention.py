"""`python -m benchmarks.attention [--rows N] [--rounds N]`: training steps with attention of our own, and with `sdpa`.

The embedded base has a window of two in three of its eight layers. `sdpa` computes all pairs of tokens there and
throws most away; pair attention (fixtures/bases/tiny/attention.py) computes what the window holds. Adapters train with
it, here on rows of the hotel dataset. The base itself trains on trees, conversations that stand beside each other:
`sdpa` computes all pairs of tokens in its other layers too, the base's own attention those of a conversation and what
stands before it. Rounds alternate on the same rows; the ratio is that of the medians.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any
from unittest import mock

from fixtures.datasets.hotel import build as hotel_rows
from fixtures.datasets.rows import write_rows
from train.job import Job, Settings
from train.prepare import prepare


def rows_to_train_on(rows: int) -> dict[str, Callable[[], float]]:
    """An adapter's rows, in the arithmetic of the trainer; each way runs them once and says how long it took."""
    from fixtures.bases.tiny.attention import PAIRS
    from train.trainer import build

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "hotel.jsonl"
        write_rows(data, hotel_rows(rows, seed=1, split="train"))
        trainer = build(prepare(Job(backend="trainer", data=data, out=Path(folder) / "run", settings=Settings())))
    batches = [trainer.data_collator([row]) for row in trainer.train_dataset]

    def learn(attention: str) -> float:
        trainer.model.base_model.model.set_attn_implementation(attention)
        started = time.perf_counter()
        for batch in batches:
            with trainer.accelerator.autocast():
                loss = trainer.model(**batch).loss
            loss.backward()
            trainer.model.zero_grad()
        return time.perf_counter() - started

    return {"sdpa": lambda: learn("sdpa"), "pair attention": lambda: learn(PAIRS)}


def trees(rows: int) -> dict[str, Callable[[], float]]:
    """So many of the base's own rows, in batches of six, without the optimizers."""
    import torch

    from fixtures.bases.tiny import attention
    from fixtures.bases.tiny.batches import Batch
    from fixtures.bases.tiny.corpus import PLAIN
    from fixtures.bases.tiny.learning import losses_of
    from fixtures.bases.tiny.recipe import build_model, load_tokenizer
    from fixtures.bases.tiny.schedule import Recipe
    from fixtures.bases.tiny.steps import LARGE_EVERY, Steps

    recipe = Recipe(begin_with=str(Path(attention.__file__).parent))
    tokenizer = load_tokenizer(recipe, Path(recipe.begin_with))
    model = build_model(recipe, tokenizer)
    for layer in model.model.layers:
        layer.compile(dynamic=True)
    steps = Steps(tokenizer, str(recipe.seed), 0, recipe.steps, lambda _: PLAIN)
    small = (number for number in count() if number % LARGE_EVERY != LARGE_EVERY - 1)
    batches = [steps[number] for number in islice(small, rows // 6)]

    class Whole(Batch):
        def masks(self) -> dict[str, Any]:
            """With a mask of shape (rows, 1, tokens, tokens) instead of stretches."""
            query, key, order = self.branch[:, :, None], self.branch[:, None, :], torch.arange(self.ids.shape[1])
            seen = (order[:, None] >= order[None, :]) & ((key == 0) | (key == query))
            return {**super().masks(), "full_attention": seen[:, None]}

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def sdpa(query: Any, key: Any, value: Any, mask: Any, scaling: float) -> Any:
        attend = torch.nn.functional.scaled_dot_product_attention
        query, key = query.to(value.dtype), key.to(value.dtype)
        key, value = key.repeat_interleave(2, 1), value.repeat_interleave(2, 1)
        return attend(query, key, value, attn_mask=mask, scale=scaling).transpose(1, 2).contiguous()

    def learn(batches: Sequence[Batch]) -> float:
        started = time.perf_counter()
        for batch in batches:
            losses_of(model, batch)[0].backward()
            model.zero_grad()
        return time.perf_counter() - started

    def with_sdpa() -> float:
        with mock.patch.object(attention, "_in_stretches", sdpa):
            return learn([Whole(b.ids, b.weights, b.branch, b.positions) for b in batches])

    return {"sdpa": with_sdpa, "tree attention": lambda: learn(batches)}


def compare(what: str, ways: Mapping[str, Callable[[], float]], rows: int, rounds: int) -> None:
    """Print what each way takes a row, and the ratio of the second to the first."""
    for way in ways.values():
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(way())
    for name, taken in times.items():
        each = [f"{second / rows:.3f}" for second in (statistics.median(taken), min(taken), max(taken))]
        sys.stdout.write(f"{what}, {name}: {each[0]} s a row ({each[1]} to {each[2]})\n")
    (first, base), (second, own) = ((name, statistics.median(taken)) for name, taken in times.items())
    sys.stdout.write(f"{what}: {second} takes {own / base:.2f} of the time of {first}\n")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attention", description=__doc__)
    parser.add_argument("--rows", type=int, default=24, help="of each kind, rounded to sixes (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rows = max(6, options.rows // 6 * 6)
    compare("rows to train on", rows_to_train_on(rows), rows, options.rounds)
    compare("trees", trees(rows), rows, options.rounds)


if __name__ == "__main__":
    main()
