"""A cache layer that does not copy all it holds for each token that comes to it."""

from __future__ import annotations

from typing import Any

import torch
from transformers.cache_utils import DynamicLayer

ROOM = 64
"""Tokens that a layer takes in before it is copied again."""


class RoomyLayer(DynamicLayer):
    """Transformers' layer with room behind what it holds; `keys` and `values` are views of what is filled.

    Both have the shape (rows, heads, tokens, width).
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._rooms: list[torch.Tensor] = []

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Put these states behind the others, and return all."""
        if self.keys is None or self.values is None:
            return super().update(key_states, value_states)
        seen, end = self.keys.shape[2], self.keys.shape[2] + key_states.shape[2]
        if not self._rooms or end > self._rooms[0].shape[2]:
            self._rooms = [_with_room(states, end) for states in (self.keys, self.values)]
        for room, states in zip(self._rooms, (key_states, value_states), strict=True):
            room[:, :, seen:end] = states
        self.keys, self.values = (room[:, :, :end] for room in self._rooms)
        return self.keys, self.values

    def reorder_cache(self, beam_idx: torch.Tensor) -> None:
        """Keep only these rows."""
        super().reorder_cache(beam_idx)  # type: ignore[arg-type]
        self._rooms = []


def _with_room(states: torch.Tensor, end: int) -> torch.Tensor:
    rows, heads, seen, width = states.shape
    room = states.new_empty(rows, heads, end + ROOM, width)
    room[:, :, :seen] = states
    return room
