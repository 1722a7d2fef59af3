"""`python -m benchmarks.real [--base NAME] [--requests N] [--dtype NAME]`: replies a second on a real base.

The same requests on the hotel's catalogs, once each with its own part of the tools, once all with the whole catalog.
This engine is compared with `model.generate` one by one and in batches of 16, and, where it is installed, with
lm-eval's Hugging Face model in batches of 16. All in one run and one process: read the ratios, not the seconds. The
last lines are what the harness itself takes beside the model, and the memory of the process beside the weights.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from fixtures.catalogs import load_catalog
from fixtures.choosing import SeededChooser
from fixtures.types import Case
from suite.contracts import CONTRACTS
from suite.engine import Engine, identify, load_engine
from suite.exam.cases import clear
from suite.exam.scene import Scene
from suite.reply import Generation, Reply

ROWS = 16
CATALOG = "hotel_rooms"
Way: TypeAlias = Callable[[Sequence[str]], list[list[int]]]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def draw(count: int) -> dict[str, list[Case]]:
    """Requests that a tool serves; each with some of the tools of its own catalog, and each with the same ones."""
    scene, whole = Scene.on([CATALOG], 0), load_catalog(CATALOG).catalog
    own = [clear(scene, SeededChooser(f"real:{number}")) for number in range(count)]
    return {"a catalog each": own, "one catalog": [replace(case, catalog=whole) for case in own]}


def generate(engine: Any, rows: int, new_tokens: int) -> Way:
    """`model.generate` on left-padded batches of so many rows, in the order given; ids up to the stop."""
    import torch

    def way(prompts: Sequence[str]) -> list[list[int]]:
        ids, replies = engine.tokenizer(list(prompts), add_special_tokens=False)["input_ids"], []
        for start in range(0, len(ids), rows):
            part = ids[start : start + rows]
            width = max(map(len, part))
            padded = torch.tensor([[0] * (width - len(row)) + row for row in part])
            mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in part])
            out = engine.model.generate(
                padded, attention_mask=mask, do_sample=False, max_new_tokens=new_tokens, pad_token_id=0,
                eos_token_id=sorted(engine.stops),
            )  # fmt: skip
            replies += [_until(row, engine.stops) for row in out[:, width:].tolist()]
        return replies

    return way


def _until(row: Sequence[int], stops: frozenset[int]) -> list[int]:
    end = next((place + 1 for place, token in enumerate(row) if token in stops), len(row))
    return list(row[:end])


def of_lm_eval(engine: Any, new_tokens: int) -> Way:
    """lm-eval's hf model on the same weights, as its `generate_until` tasks ask it."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    model = HFLM(pretrained=engine.model, tokenizer=engine.tokenizer, batch_size=ROWS, backend="causal")
    until = {"until": list(engine.format.stops), "max_gen_toks": new_tokens, "do_sample": False}

    def way(prompts: Sequence[str]) -> list[list[int]]:
        asked = [Instance("generate_until", {}, (prompt, dict(until)), number) for number, prompt in enumerate(prompts)]
        said = model.generate_until(asked)
        return [engine.tokenizer(text, add_special_tokens=False)["input_ids"] for text in said]

    return way


def by_engine(engine: Engine, new_tokens: int) -> Way:
    """This engine, as the gate asks it; the replies are given back by their texts' ids."""

    def way(prompts: Sequence[str]) -> list[list[int]]:
        replies: dict[int, Generation] = dict(engine.generate(prompts, max_new_tokens=new_tokens))
        return [
            engine.tokenizer(replies[n].text, add_special_tokens=False)["input_ids"]  # type: ignore[attr-defined]
            for n in range(len(prompts))
        ]

    return way


def overhead(engine: Engine, cases: Sequence[Case], replies: dict[int, Generation]) -> float:
    """Seconds to draw, render, parse and judge what these replies answer."""
    begun = time.perf_counter()
    drawn = draw(len(cases))["a catalog each"]
    for number, case in enumerate(drawn):
        declared = case.catalog.declarations()
        engine.format.render(case.messages, declared, prompt=True)
        parsed = Reply(replies[number], engine.format.parse(replies[number].text, declared))
        for contract in CONTRACTS:
            if contract.name in ("chooses_a_tool", "valid_calls", "right_arguments"):
                contract.judge(case, parsed)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real", description=__doc__)
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--format", default="hermes")
    parser.add_argument("--requests", type=int, default=48)
    parser.add_argument("--new-tokens", type=int, default=32)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--skip-one-by-one", action="store_true")
    options = parser.parse_args()
    engine: Any = load_engine(identify(None, options.base, options.format).in_dtype(options.dtype))
    new = options.new_tokens
    ways: dict[str, Way] = {"this engine": by_engine(engine, new), "generate, 16": generate(engine, ROWS, new)}
    if not options.skip_one_by_one:
        ways["generate, 1"] = generate(engine, 1, new)
    if importlib.util.find_spec("lm_eval"):
        ways["lm-eval hf, 16"] = of_lm_eval(engine, new)
    else:
        say("lm-eval is not installed, and left out")
    for name, cases in draw(options.requests).items():
        prompts = [engine.format.render(c.messages, c.catalog.declarations(), prompt=True).text for c in cases]
        lengths = engine.tokenizer(prompts, add_special_tokens=False)["input_ids"]
        say(
            f"{len(prompts)} requests, {name}: {sum(map(len, lengths)) / len(lengths):.0f} tokens each, {options.dtype}"
        )
        list(engine.generate(prompts[:2], max_new_tokens=2))  # warm up
        first = 0.0
        for way_name, way in ways.items():
            begun = time.perf_counter()
            way(prompts)
            taken = time.perf_counter() - begun
            first = first or taken
            say(
                f"  {way_name:16} {len(prompts) / taken:6.2f} replies/s   this engine is {taken / first:4.1f} x as fast"
            )
        if name == "a catalog each":
            begun = time.perf_counter()
            replies = dict(engine.generate(prompts, max_new_tokens=new))
            model = time.perf_counter() - begun
            say(f"  harness: {overhead(engine, cases, replies) / model:.1%} of the model's time")
    weights = sum(p.numel() * p.element_size() for p in engine.model.parameters())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    say(f"weights {weights / 2**20:.0f} MiB, peak of the process {peak / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
