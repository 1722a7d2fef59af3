"""The real engine: Transformers and PEFT, greedy, on the GPU if there is one. Importing this module loads torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from fixtures.cores import DTYPES
from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.types import user
from suite.engine.local.batching import ON_CPU, ON_GPU, Limits, plan
from suite.engine.local.decode import Decoder, Written
from suite.engine.local.offsets import token_ends
from suite.engine.protocol import Engine
from suite.engine.target.applied import apply_adapter, first_line
from suite.engine.target.identify import Target
from suite.reply import Generation


def load(target: Target, *, batch_tokens: int | None) -> Engine:
    """See `suite.engine.load_engine`."""
    dtype = target.identity.dtype
    if dtype not in DTYPES:
        raise ValueError(f"an engine computes in one of {', '.join(DTYPES)}, not in {dtype!r}")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    path = str(target.base.path)
    try:
        with _no_progress_bars():
            where = f"--adapter {target.identity.adapter}" if target.own_tokenizer else f"--base {target.base.name}"
            tokenizer: Any = AutoTokenizer.from_pretrained(
                str(target.tokenizer), local_files_only=True, trust_remote_code=False
            )
            where = f"--base {target.base.name}"
            model: Any = AutoModelForCausalLM.from_pretrained(
                path, dtype=getattr(torch, dtype), local_files_only=True, use_safetensors=True, trust_remote_code=False
            )
    except MemoryError:
        raise
    except Exception as error:  # whatever a stranger's files make Transformers do
        raise UserError(where, f"Transformers cannot load {path}: {first_line(error)}") from error
    model = model.eval().to(device)
    if target.adapter:
        text = target.format.render([user("Hello")], [], prompt=True).text
        probe = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]], device=device)
        model = apply_adapter(model, target.adapter, probe, len(tokenizer) if target.own_tokenizer else 0)
    limits = ON_CPU if device == "cpu" else ON_GPU
    if batch_tokens:
        limits = Limits(limits.rows, batch_tokens)
    return TransformersEngine(target, model, tokenizer, limits)


class TransformersEngine:
    """Greedy replies of one model; sampling settings in its generation_config are ignored."""

    def __init__(self, target: Target, model: Any, tokenizer: Any, limits: Limits) -> None:
        self.identity, self.format = target.identity, target.format
        self.model, self.tokenizer, self.limits = model, tokenizer, limits
        self.stops = stop_tokens(model, tokenizer, target.format)
        self.decoder = Decoder(model, self.stops)

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        """Replies as they end, longest prompts first; what a batch holds decides nothing but rounding."""
        if not prompts:
            return
        # The format writes <bos> itself: a second one would be another prompt than the adapter was trained on.
        encoded = self.tokenizer(list(prompts), add_special_tokens=False)["input_ids"]
        self._check_length(max(map(len, encoded)), max_new_tokens)
        for batch in plan(encoded, self.limits, new_tokens=max_new_tokens, share=self.decoder.can_share):
            for row, written in self.decoder.finished(encoded, batch, max_new_tokens):
                yield row, self._generation(written)

    def _generation(self, written: Written) -> Generation:
        if not all(map(math.isfinite, written.logprobs)):
            where = f"--adapter {self.identity.adapter} on --base {self.identity.base}"
            raise UserError(where, "the model's logits are not finite, so its replies mean nothing")
        text = self._decode(written.ids)
        return Generation(text, tuple(written.logprobs), written.finish, token_ends(written.ids, text, self._decode))

    def _decode(self, ids: Sequence[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text

    def _check_length(self, longest: int, max_new_tokens: int) -> None:
        window = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        if window and longest + max_new_tokens > window:
            raise UserError(
                f"--base {self.identity.base}",
                f"a prompt of {longest} tokens and a reply of {max_new_tokens} do not fit into its {window} positions",
                hint="a smaller catalog",
            )


def stop_tokens(model: Any, tokenizer: Any, form: Format) -> frozenset[int]:
    """The tokens that end a reply: the format's stops where the tokenizer has them, and the model's own."""
    known = tokenizer.get_vocab()
    stops = {known[stop] for stop in form.stops if stop in known}
    for source in (model.generation_config, model.config.get_text_config(), tokenizer):
        own = getattr(source, "eos_token_id", None)
        stops |= set(own) if isinstance(own, list | tuple) else {own}
    return frozenset(stop for stop in stops if stop is not None)


@contextmanager
def _no_progress_bars() -> Iterator[None]:
    """Silence Transformers while weights load; the gate has a bar of its own."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()
