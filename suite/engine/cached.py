"""An engine in front of another one: what was answered before is served from the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from fixtures.cores import AUTO
from fixtures.formats import Format
from suite.calibration import Calibrator
from suite.engine.precision import Precision, Settled
from suite.engine.protocol import Engine
from suite.engine.store import ReplyStore, reply_key
from suite.outcome import Identity
from suite.reply import Generation


class CachedEngine:
    """Serves stored replies and asks the real engine, made at the first miss, for the others, each prompt once.

    `generated` counts replies of the real engine, `cached` all others. A `precision` says the dtype of the
    identity, and `settle` (its own, with what starts engines) has it decided by the first prompts where it is open.
    `calibrator` is the adapter's, if it has one; replies do not depend on it. `take` keeps replies apart: see `again`.
    """

    def __init__(
        self,
        identity: Identity,
        format: Format,
        make_engine: Callable[[], Engine],
        store: ReplyStore,
        *,
        precision: Precision | None = None,
        settle: Callable[[Sequence[str], int], Settled] | None = None,
        calibrator: Calibrator | None = None,
        take: int = 0,
    ) -> None:
        self._identity, self.format, self.calibrator = identity, format, calibrator
        self.store, self.precision, self.take = store, precision, take
        self.generated = self.cached = 0
        self._make_engine, self._settle = make_engine, settle
        self._engine: Engine | None = None
        self._timed: dict[str, Generation] = {}

    @property
    def identity(self) -> Identity:
        """Of what answers; its dtype is `auto` until it is settled."""
        return replace(self._identity, dtype=self.precision.dtype) if self.precision else self._identity

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        """Stored replies first, then new ones as they get ready; each is stored before it is handed on."""
        places: dict[str, list[int]] = {}
        for index, prompt in enumerate(prompts):
            places.setdefault(prompt, []).append(index)
        if places and self.precision and self.precision.dtype == AUTO:
            assert self._settle, "an engine that shares a precision is asked after the one that settles it"
            settled = self._settle(list(places), max_new_tokens)
            self._engine, self._timed = settled.engine, settled.replies
        keys = {prompt: self._key(prompt, max_new_tokens) for prompt in places}
        known = self.store.get_many(list(keys.values()))
        for prompt, generation, fresh in self._answered(keys, known, max_new_tokens):
            self.generated += fresh
            self.cached += len(places[prompt]) - fresh
            for index in places[prompt]:
                yield index, generation

    def real(self) -> Engine:
        """The engine behind the cache; made now, if it was not needed before."""
        if self._engine is None:
            self._engine = self._make_engine()
        return self._engine

    def again(self, take: int, make_engine: Callable[[], Engine]) -> CachedEngine:
        """The same cache for another take: what was stored for this one is not served there."""
        return CachedEngine(self._identity, self.format, make_engine, self.store, precision=self.precision, take=take)

    def _key(self, prompt: str, max_new_tokens: int) -> str:
        return reply_key(self.identity, max_new_tokens=max_new_tokens, prompt=prompt, take=self.take)

    def _answered(
        self, keys: dict[str, str], known: dict[str, Generation], max_new_tokens: int
    ) -> Iterator[tuple[str, Generation, bool]]:
        """Each prompt with its reply, and whether the real engine has just written it."""
        yield from ((prompt, known[key], False) for prompt, key in keys.items() if key in known)
        missing = [prompt for prompt, key in keys.items() if key not in known]
        if not missing:
            return
        timed = {prompt: self._timed.pop(prompt) for prompt in missing if prompt in self._timed}
        self.store.put_many({keys[prompt]: generation for prompt, generation in timed.items()})
        yield from ((prompt, generation, True) for prompt, generation in timed.items())
        missing = [prompt for prompt in missing if prompt not in timed]
        for index, generation in self.real().generate(missing, max_new_tokens=max_new_tokens):
            self.store.put_many({keys[missing[index]]: generation})
            yield missing[index], generation, True


def call_counts(*engines: Engine) -> dict[str, int]:
    """Replies generated and replies served from the cache; an engine without a cache has generated all."""
    behind = [engine for engine in engines if isinstance(engine, CachedEngine)]
    others = sum(getattr(engine, "calls", 0) for engine in engines if not isinstance(engine, CachedEngine))
    return {"generated": sum(e.generated for e in behind) + others, "cached": sum(e.cached for e in behind)}
