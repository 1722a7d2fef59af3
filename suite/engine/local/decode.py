"""Greedy decoding by hand: one forward pass a token, rows leave when they stop, log-probabilities come for free.

The same tokens as `model.generate` gives one prompt at a time (tested); what else a batch holds moves logits by
rounding only. Works with causal models of Transformers that take `attention_mask`, `position_ids` and `DynamicCache`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer, DynamicSlidingWindowLayer

from suite.engine.local.batching import ON_GPU, READ_AT_ONCE, Batch, Family, Tokens
from suite.engine.local.room import RoomyLayer
from suite.reply import FinishReason

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
    `read_at_once` prompts are read together, or what is left of them after the beginning that they share;
    by default as many as suit the device.
    """

    def __init__(
        self, model: Any, stops: frozenset[int], choose: Choose | None = None, *, read_at_once: int | None = None
    ) -> None:
        self.model, self.stops, self.choose = model, stops, choose or _best
        self.read_at_once = read_at_once or (READ_AT_ONCE if model.device.type == "cpu" else ON_GPU.rows)
        kinds = {type(layer) for layer in DynamicCache(config=model.config).layers}
        self.can_share = kinds <= {DynamicLayer, DynamicSlidingWindowLayer}
        """Whether the cache is keys and values only. If not (convolutions, recurrent states, keys of other layers),
        prompts are read whole, those of a batch together, and batches with families are not for this model."""

    def run(self, prompts: Sequence[Tokens], batch: Batch, max_new_tokens: int) -> list[Written]:
        """Replies to the batch's rows, in the order of `batch.rows`."""
        found = dict(self.finished(prompts, batch, max_new_tokens))
        return [found[row] for row in batch.rows]

    @torch.inference_mode()
    def finished(self, prompts: Sequence[Tokens], batch: Batch, max_new_tokens: int) -> Iterator[tuple[int, Written]]:
        """Replies to the batch's rows, by the index of their prompt, each as soon as it ends."""
        state, logits = self._read([prompts[index] for index in batch.rows], batch.families)
        written = {row: Written([], []) for row in batch.rows}
        places: list[int | None] = list(batch.rows)
        for step in range(1, max_new_tokens + 1):
            chosen, logprobs = self.choose(logits)
            for number, token in enumerate(zip(chosen.tolist(), logprobs.tolist(), strict=True)):
                row = places[number]
                if row is not None and self._ends(written[row], *token):
                    places[number] = None
                    yield row, written[row]
            left = [number for number, row in enumerate(places) if row is not None]
            if not left or step == max_new_tokens:
                break
            if len(left) <= LEAVE_AT * len(places):
                staying = torch.tensor(left, device=chosen.device)
                state.select(staying)
                chosen, places = chosen[staying], [places[number] for number in left]
            logits = state.advance(self.model, chosen)
        yield from ((row, written[row]) for row in places if row is not None)

    def _ends(self, row: Written, token: int, logprob: float) -> bool:
        """Add a token to the row; whether nothing follows."""
        row.ids.append(token)
        row.logprobs.append(logprob)
        if token not in self.stops:
            return False
        row.finish = "stop"
        return True

    def _read(self, rows: Sequence[Tokens], families: Sequence[Family]) -> tuple[_State, torch.Tensor]:
        """What the cache holds after these prompts, and the logits of each row's next token.

        Read family by family, or a few prompts of similar length at a time, and then put side by side.
        """
        if not self.can_share:
            return self._read_part(rows)
        parts: list[tuple[_State, torch.Tensor]] = []
        start = 0
        for family in families or [Family(tuple(range(len(rows))), 0)]:
            members = rows[start : start + len(family.members)]
            beginning = self._read_beginning(members[0][: family.shared]) if family.shared else None
            for first in range(0, len(members), self.read_at_once):
                parts.append(self._read_part(members[first : first + self.read_at_once], beginning))
            start += len(members)
        return self._side_by_side([state for state, _ in parts]), torch.cat([logits for _, logits in parts])

    def _read_beginning(self, tokens: Tokens) -> _State:
        device = self.model.device
        # Without a config every layer keeps all it has seen: a row's head may end before the beginning does.
        state = _State(DynamicCache(), torch.ones(1, len(tokens), dtype=torch.long, device=device))
        state.read(self.model, torch.tensor([list(tokens)], device=device))
        return state

    def _read_part(self, rows: Sequence[Tokens], beginning: _State | None = None) -> tuple[_State, torch.Tensor]:
        ids, mask = _left_padded(rows, self.model.device)
        state = _State(self._cache(), mask)
        if beginning:
            ids = ids[:, beginning.seen - state.seen :]
            self._fill_heads(state, [len(row) - ids.shape[1] for row in rows], beginning)
        return state, state.read(self.model, ids)

    def _cache(self) -> Any:
        cache: Any = DynamicCache(config=self.model.config)
        cache.layers = [RoomyLayer() if type(layer) is DynamicLayer else layer for layer in cache.layers]
        return cache

    def _fill_heads(self, state: _State, heads: Sequence[int], beginning: _State) -> None:
        """Take the first tokens of every row, as many as `heads` says, from the beginning that they share."""
        starts = torch.tensor([head - beginning.seen for head in heads], device=self.model.device)
        # What stands before a head is padding and may be anything: the mask hides it.
        columns = (starts[:, None] + torch.arange(beginning.seen, device=self.model.device)).clamp(min=0)
        for layer, source in zip(state.cache.layers, beginning.cache.layers, strict=True):
            # Keys and values have the shape (rows, heads, tokens, width).
            layer.update(*(part[0][:, columns].transpose(0, 1) for part in (source.keys, source.values)))

    def _side_by_side(self, parts: Sequence[_State]) -> _State:
        """States as one, all rows aligned at their right end."""
        if len(parts) == 1:
            return parts[0]
        cache, seen = self._cache(), max(part.seen for part in parts)
        for number, layer in enumerate(cache.layers):
            sources = [part.cache.layers[number] for part in parts]
            # A layer with a window has let go of what it does not look at: anything may stand there.
            keys, values = (
                torch.cat([_widened(getattr(source, kind), seen, 2) for source in sources])
                for kind in ("keys", "values")
            )
            layer.update(keys, values)
        return _State(cache, torch.cat([_widened(part.mask, seen, 1) for part in parts]))


class _State:
    """A batch half way: its cache, and for each row which columns count. All rows are aligned at their right end."""

    def __init__(self, cache: Any, mask: torch.Tensor) -> None:
        self.cache, self.mask = cache, mask
        self.lengths = mask.sum(1, keepdim=True)

    @property
    def seen(self) -> int:
        return self.mask.shape[1]

    def read(self, model: Any, ids: torch.Tensor) -> torch.Tensor:
        """Read the last columns, which are not in the cache yet; the logits of each row's next token."""
        positions = (self.mask.cumsum(1) - 1).clamp(min=0)
        return self._forward(model, ids, positions[:, -ids.shape[1] :])

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
        self.cache.reorder_cache(rows)  # the one way to select that layers with other states than keys have, too
        self.mask, self.lengths = self.mask[rows], self.lengths[rows]


def _left_padded(rows: Sequence[Tokens], device: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and mask of shape (rows, longest row); padding is token 0, which the mask hides."""
    width = max(map(len, rows))
    ids = [[0] * (width - len(row)) + list(row) for row in rows]
    mask = [[0] * (width - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def _widened(part: torch.Tensor, width: int, axis: int) -> torch.Tensor:
    """With zeros before what stands on this axis."""
    behind = [0, 0] * (part.dim() - 1 - axis)
    return torch.nn.functional.pad(part, [*behind, width - part.shape[axis], 0])


def _best(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The most likely next token of each row, and its natural-log probability."""
    wide = logits.float()
    top, chosen = wide.max(dim=-1)
    return chosen, top - wide.logsumexp(dim=-1)
