"""What every engine offers: prompts in, greedy replies out, as they get ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from fixtures.formats import Format
from suite.outcome import Identity
from suite.reply import Generation


class Engine(Protocol):
    """Anything that answers prompts; `identity` and `format` say what answers and how it writes."""

    @property
    def identity(self) -> Identity: ...

    @property
    def format(self) -> Format: ...

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        """Greedy replies as (index of the prompt, generation), each once, in any order, as batches finish."""
        ...
