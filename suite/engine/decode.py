"""Greedy decoding by hand: one forward pass a token, rows leave when they stop, log-probabilities come for free.

The same tokens as `model.generate` gives one prompt at a time (tested); what else a batch holds moves logits by
rounding only. Works with causal models of Transformers that take `attention_mask`, `position_ids` and `DynamicCache`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from suite.engine.batching import Batch, Family, Tokens
from suite.outcome import FinishReason

Choose: TypeAlias = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor]]

LEAVE_AT = 0.75
"""Finished rows are taken out when at most this share is still being written: each time copies the cache."""


@dataclass(slots=True)
class Written:
    """What the model wrote for one row: token ids with the stop, and a natural-log probability for each."""

    ids: list[int]
    logprobs: list[float]
    finish: FinishReason = "length"


class Decoder:
    """Answers batches of token sequences with one model; `stops` are the tokens that end a reply.

    `choose` gives the next token of each row, and its natural-log probability, from the logits; the best by default.
    """

    def __init__(self, model: Any, stops: frozenset[int], choose: Choose | None = None) -> None:
        self.model, self.stops, self.choose = model, stops, choose or _best
        kinds = {type(layer) for layer in DynamicCache(config=model.config).layers}
        self.can_share = kinds <= {DynamicLayer, DynamicSlidingWindowLayer}
        """Whether the cache is keys and values only. If not, batches with families are not for this model."""

    @torch.inference_mode()
    def run(self, prompts: Sequence[Tokens], batch: Batch, max_new_tokens: int) -> list[Written]:
        """Replies to the batch's rows, in the order of `batch.rows`."""
        rows = [prompts[index] for index in batch.rows]
        state = _State(DynamicCache(config=self.model.config), *_left_padded(rows, self.model.device))
        if batch.families:
            self._read_heads(state, rows, [family for family in batch.families for _ in family.members])
        logits = state.read(self.model)
        written = [Written([], []) for _ in rows]
        places: list[Written | None] = list(written)
        for step in range(1, max_new_tokens + 1):
            chosen, logprobs = self.choose(logits)
            places = [self._write(*place) for place in zip(places, chosen.tolist(), logprobs.tolist(), strict=True)]
            left = [number for number, row in enumerate(places) if row is not None]
            if not left or step == max_new_tokens:
                break
            if self.can_share and len(left) <= LEAVE_AT * len(places):
                staying = torch.tensor(left, device=chosen.device)
                state.select(staying)
                chosen, places = chosen[staying], [places[number] for number in left]
            logits = state.advance(self.model, chosen)
        return written

    def _write(self, row: Written | None, token: int, logprob: float) -> Written | None:
        """Add a token to the row; None once nothing follows."""
        if row is None:
            return None
        row.ids.append(token)
        row.logprobs.append(logprob)
        if token not in self.stops:
            return row
        row.finish = "stop"
        return None

    def _read_heads(self, state: _State, rows: Sequence[Tokens], families: Sequence[Family]) -> None:
        """Fill the cache with the head of every row: all but a tail, which is equally long for all rows.

        `families` has the family of each row. A row's head is the start of what its family shares.
        """
        device = self.model.device
        tail = max(len(row) - family.shared for row, family in zip(rows, families, strict=True))
        state.read_already = head = state.seen - tail
        beginnings = {family: row[: family.shared] for row, family in zip(rows, families, strict=True)}
        # Without a config every layer keeps all it has seen: a row may need any part of its family's beginning.
        whole = _State(DynamicCache(), *_left_padded(list(beginnings.values()), device))
        whole.read(self.model)
        # Both are aligned at their right ends: where the beginning stands, and where in the cache the head has to end.
        starts = [
            whole.seen - family.shared - head + max(len(row) - tail, 0)
            for row, family in zip(rows, families, strict=True)
        ]
        columns = torch.tensor(starts, device=device)[:, None] + torch.arange(head, device=device)
        columns = columns.clamp(0, whole.seen - 1)  # padding may point at anything: the mask hides it
        owners = torch.tensor([[list(beginnings).index(family)] for family in families], device=device)
        for layer, source in zip(state.cache.layers, whole.cache.layers, strict=True):
            # Keys and values have the shape (rows, heads, tokens, width).
            keys, values = (part.transpose(1, 2)[owners, columns] for part in (source.keys, source.values))
            layer.update(keys.transpose(1, 2), values.transpose(1, 2))


class _State:
    """A batch half way: its cache, and for each row which columns count. All rows are aligned at their right end."""

    def __init__(self, cache: Any, ids: torch.Tensor, mask: torch.Tensor) -> None:
        self.cache, self.ids, self.mask = cache, ids, mask
        self.lengths = mask.sum(1, keepdim=True)
        self.read_already = 0

    @property
    def seen(self) -> int:
        return self.mask.shape[1]

    def read(self, model: Any) -> torch.Tensor:
        """Read what is not in the cache yet; the logits of each row's next token."""
        positions = (self.mask.cumsum(1) - 1).clamp(min=0)
        return self._forward(model, self.ids[:, self.read_already :], positions[:, self.read_already :])

    def advance(self, model: Any, chosen: torch.Tensor) -> torch.Tensor:
        """Append one token to each row; the logits of the one after it."""
        self.mask = torch.nn.functional.pad(self.mask, (0, 1), value=1)
        positions, self.lengths = self.lengths, self.lengths + 1
        return self._forward(model, chosen[:, None], positions)

    def _forward(self, model: Any, ids: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        out = model(
            input_ids=ids, attention_mask=self.mask, position_ids=positions, past_key_values=self.cache,
            use_cache=True, logits_to_keep=1,
        )  # fmt: skip
        logits: torch.Tensor = out.logits[:, -1]
        return logits

    def select(self, rows: torch.Tensor) -> None:
        """Keep only these rows."""
        self.cache.batch_select_indices(rows)
        self.mask, self.lengths = self.mask[rows], self.lengths[rows]


def _left_padded(rows: Sequence[Tokens], device: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask of shape (rows, longest row); padding is token 0, which the mask hides."""
    width = max(map(len, rows))
    ids = [[0] * (width - len(row)) + list(row) for row in rows]
    mask = [[0] * (width - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def _best(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The most likely next token of each row, and its natural-log probability."""
    wide = logits.float()
    top, chosen = wide.max(dim=-1)
    return chosen, top - wide.logsumexp(dim=-1)
