"""The same prompt once more: alone in its batch, and not from the cache.

Greedy replies to the same prompt should be the same, but rounding may tip a near tie. In a batch, shorter prompts are
padded and sums are taken in another order than for a prompt alone, so logits differ in their last digits. How much that
is depends on the dtype: float32 keeps 24 bits of a number, bfloat16 only 8.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from suite.engine.cached import CachedEngine
from suite.engine.local.pool import PooledEngine
from suite.engine.protocol import Engine
from suite.reply import Generation


class AloneEngine:
    """Another engine, asked for one reply at a time."""

    def __init__(self, engine: Engine) -> None:
        self.identity, self.format, self._engine = engine.identity, engine.format, engine

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        """Replies to the prompts, each of which is a request of its own."""
        if isinstance(self._engine, PooledEngine):
            yield from self._engine.one_by_one(prompts, max_new_tokens=max_new_tokens)
            return
        for index, prompt in enumerate(prompts):
            for _, generation in self._engine.generate([prompt], max_new_tokens=max_new_tokens):
                yield index, generation


def again(engine: Engine, take: int) -> Engine:
    """An engine that answers each prompt alone and anew, whatever `engine` has answered before.

    Behind a cache, every `take` has entries of its own: so its replies were all written by the model, apart from the
    others, and a second gate of the same adapter still needs no model.
    """
    if isinstance(engine, CachedEngine):
        return engine.again(take, lambda: AloneEngine(engine.real()))
    return AloneEngine(engine)
