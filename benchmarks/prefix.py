"""`python -m benchmarks.prefix [--base NAME] [--prompts N] [--threads N]`: ways to answer many prompts, on a processor.

Every way answers the same prompts, once with a catalog of its own for each prompt and once with eight requests a
catalog; the greedy tokens must be the same in all of them, or the run stops. A last table asks whether a LoRA should
be merged. Give --threads 1 while other work runs, and compare processor seconds rather than the clock.

Seen with the embedded base (128 prompts, 350 and 291 tokens each), on one core of a busy machine, in processor seconds:

| way | a catalog each | eight requests a catalog |
| --- | --- | --- |
| `model.generate`, batches of 16 | 30.4 | 20.4 |
| `model.generate` from a copied prefix, equal tails only | 77.9 | 65.6 |
| the engine's loop, whole prompts | 18.8 | 16.2 |
| the engine's loop, shared beginnings read once, whole prompts of a batch together | 26.4 | 9.4 |
| **the engine's loop, shared beginnings read once, whole prompts four at a time** | **19.1** | **8.4** |

A LoRA of rank 16 on all linear layers costs 11.4 apart and 8.4 merged, with the same replies, so the engine merges.
Also seen, on another day: with two requests a catalog, sharing is 1.4 times as fast. Two threads on a machine with
other work took three times the processor seconds of one: they wait for each other.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, TypeAlias

from fixtures.bases import resolve_base
from fixtures.choosing import SeededChooser
from fixtures.formats import load_format
from fixtures.grammar.requests import ask
from fixtures.grammar.tools import draw_catalog
from fixtures.types import user
from fixtures.vocab import words
from suite.engine.local.batching import ON_CPU, find_families, plan

NEW_TOKENS = 40
LIMITS, ROWS_OF_GENERATE = ON_CPU, 16

Ids: TypeAlias = list[list[int]]
Way: TypeAlias = Callable[[Ids], Ids]


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def draw_prompts(count: int, per_catalog: int) -> list[str]:
    """Prompts about drawn catalogs of two to five tools, as the gate asks them."""
    chooser, vocabulary, form = SeededChooser("prefix"), words("gate"), load_format("functiongemma")
    prompts: list[str] = []
    while len(prompts) < count:
        tools = draw_catalog(vocabulary, chooser, chooser.integer(2, 5))
        declared = [spoken.tool.declaration() for spoken in tools]
        for _ in range(per_catalog):
            request = ask(chooser.choice(tools), vocabulary, chooser).text
            prompts.append(form.render([user(request)], declared, prompt=True).text)
    return prompts[:count]


@dataclass(frozen=True)
class Ways:
    """The ways to compare; all decode greedily and cut a reply after its stop token."""

    model: Any
    stops: frozenset[int]

    def generate(self, prompts: Ids) -> Ids:
        """`model.generate` on left-padded batches of similar length."""
        order = sorted(range(len(prompts)), key=lambda index: -len(prompts[index]))
        return self._in_order(order, [self._generate([prompts[i] for i in part]) for part in _chunks(order)])

    def generate_from_prefix(self, prompts: Ids) -> Ids:
        """`model.generate` from a copied DynamicCache, for rows of one family whose tails are equally long."""
        order: list[int] = []
        replies: list[Ids] = []
        for family in find_families(prompts):
            members = sorted(family.members, key=lambda index: len(prompts[index]))
            for _, same in groupby(members, key=lambda index: len(prompts[index])):
                part = list(same)
                order += part
                replies.append(self._generate([prompts[i] for i in part], family.shared))
        return self._in_order(order, replies)

    def decode(self, prompts: Ids) -> Ids:
        """The engine's own loop, every prompt read as a whole."""
        return self._decode(prompts, share=False)

    def decode_from_prefix(self, prompts: Ids) -> Ids:
        """The engine's own loop as the gate uses it."""
        return self._decode(prompts, share=True)

    def decode_as_read(self, prompts: Ids) -> Ids:
        """The same, but whole prompts of a batch are read together, as they are answered."""
        return self._decode(prompts, share=True, read_at_once=LIMITS.rows)

    def _decode(self, prompts: Ids, share: bool, read_at_once: int | None = None) -> Ids:
        from suite.engine.local.decode import Decoder

        decoder = Decoder(self.model, self.stops, read_at_once=read_at_once)
        replies: Ids = [[] for _ in prompts]
        for batch in plan(prompts, LIMITS, new_tokens=NEW_TOKENS, share=share):
            for index, written in zip(batch.rows, decoder.run(prompts, batch, NEW_TOKENS), strict=True):
                replies[index] = written.ids
        return replies

    def _generate(self, rows: Ids, shared: int = 0) -> Ids:
        import torch
        from transformers import DynamicCache

        width = max(map(len, rows))
        ids = torch.tensor([[0] * (width - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        cache = None
        if shared:
            cache = DynamicCache(config=self.model.config)
            with torch.inference_mode():
                self.model(ids[:1, :shared], past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache.batch_repeat_interleave(len(rows))
        out = self.model.generate(
            ids, attention_mask=mask, past_key_values=cache, do_sample=False, max_new_tokens=NEW_TOKENS, pad_token_id=0,
            eos_token_id=sorted(self.stops),
        )  # fmt: skip
        return [list(self._until_stop(row)) for row in out[:, width:].tolist()]

    def _until_stop(self, row: Sequence[int]) -> Iterator[int]:
        for token in row:
            yield token
            if token in self.stops:
                return

    def _in_order(self, order: Sequence[int], parts: Sequence[Ids]) -> Ids:
        replies = dict(zip(order, (reply for part in parts for reply in part), strict=True))
        return [replies[index] for index in range(len(replies))]


def _chunks(order: Sequence[int]) -> Iterator[Sequence[int]]:
    return (order[start : start + ROWS_OF_GENERATE] for start in range(0, len(order), ROWS_OF_GENERATE))


def compare(ways: dict[str, Way], prompts: Ids) -> None:
    """Print one line a way; the first is the reference for replies and ratio."""
    tokens = sum(map(len, prompts))
    reference: Ids = []
    first = 0.0
    for name, way in ways.items():
        clock, processor = time.perf_counter(), time.process_time()
        replies = way(prompts)
        clock, processor = time.perf_counter() - clock, time.process_time() - processor
        reference, first = reference or replies, first or processor
        same = sum(a == b for a, b in zip(reference, replies, strict=True))
        say(
            f"  {name:22} {processor:6.1f} s processor {clock:6.1f} s clock {tokens / clock:7,.0f} prompt tokens/s"
            f"  ratio {first / processor:4.1f}  same {same}/{len(prompts)}"
        )
        if same != len(prompts):
            raise SystemExit(f"{name} gives other replies")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prefix", description=__doc__)
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--prompts", type=int, default=160)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    base = resolve_base(options.base)

    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from suite.engine.local.transformers_engine import stop_tokens

    torch.set_num_threads(options.threads)
    tokenizer: Any = AutoTokenizer.from_pretrained(base.path, trust_remote_code=False)
    model: Any = AutoModelForCausalLM.from_pretrained(base.path, dtype=torch.float32, trust_remote_code=False).eval()
    stops = stop_tokens(model, tokenizer, load_format("functiongemma"))
    ways = Ways(model, stops)
    listed: dict[str, Way] = {
        "generate": ways.generate,
        "generate from a prefix": ways.generate_from_prefix,
        "decode": ways.decode,
        "decode, read together": ways.decode_as_read,
        "decode from a prefix": ways.decode_from_prefix,
    }
    for per_catalog in (1, 8):
        ids = tokenizer(draw_prompts(options.prompts, per_catalog), add_special_tokens=False)["input_ids"]
        say(f"{len(ids)} prompts, {per_catalog} a catalog, {sum(map(len, ids)) / len(ids):.0f} tokens each")
        listed["decode"](ids[:16])  # warm up
        compare(listed, ids)
    bare = ways.decode_from_prefix(ids)
    adapted = with_lora(model)
    apart = Ways(adapted, stops).decode_from_prefix
    other = sum(a != b for a, b in zip(apart(ids), bare, strict=True))
    say(f"with a LoRA of rank 16 on every linear layer, random weights; {other} replies differ from the bare base's")
    # A way is looked at when its turn comes: merging changes the weights that the other one needs as they were.
    compare({"apart": apart, "merged": lambda p: Ways(adapted.merge_and_unload(), stops).decode_from_prefix(p)}, ids)


def with_lora(model: Any) -> Any:
    """The model with an untrained LoRA whose effect is as large as a trained one's."""
    import torch
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    config = LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM")
    adapted = get_peft_model(model, config)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    return adapted.eval()


if __name__ == "__main__":
    main()
