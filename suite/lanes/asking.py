"""From cases to replies: rendered once, asked in one batch, each prompt once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from fixtures.formats.wire import Tools
from fixtures.types import Case, Catalog
from suite.calibration import Calibrator
from suite.engine import Engine
from suite.reply import Reply

MAX_NEW_TOKENS = 160
"""Of a reply; a longer one is cut off, and then it is not clean."""
Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is going on, how many replies are there, and how many are awaited."""
Watch: TypeAlias = Callable[[Reply, Tools], None]
"""Called with each new reply and the tools that its prompt declares; what it raises ends the asking."""


class Asker:
    """Asks an engine for replies and remembers them for the length of one gate."""

    def __init__(
        self, engine: Engine, *, max_new_tokens: int, progress: Progress | None = None, watch: Watch | None = None
    ) -> None:
        self.engine, self.max_new_tokens, self.progress, self.watch = engine, max_new_tokens, progress, watch
        self._replies: dict[str, Reply] = {}
        # Rendering takes a millisecond and cases cannot be hashed; the case is kept so that its id stays its own.
        self._prompts: dict[int, tuple[Case, str]] = {}

    def prompt(self, case: Case) -> str:
        """The text that the engine gets for this case."""
        if id(case) not in self._prompts:
            text = self.engine.format.render(case.messages, case.catalog.declarations(), prompt=True).text
            self._prompts[id(case)] = (case, text)
        return self._prompts[id(case)][1]

    def ask(self, cases: Sequence[Case], what: str = "replies") -> list[Reply]:
        """The replies to these cases, in their order; prompts that were not asked before go out as one batch."""
        catalogs = {self.prompt(case): case.catalog for case in _with_variants(cases)}
        fresh = {prompt: catalog for prompt, catalog in catalogs.items() if prompt not in self._replies}
        for done, (prompt, reply) in enumerate(self._generate(fresh), 1):
            self._replies[prompt] = reply
            if self.progress:
                self.progress(what, done, len(fresh))
        return [self._reply(case) for case in cases]

    def _reply(self, case: Case) -> Reply:
        reply = self._replies[self.prompt(case)]
        return replace(reply, other=self._reply(case.variant.case)) if case.variant else reply

    def _generate(self, catalogs: Mapping[str, Catalog]) -> Iterator[tuple[str, Reply]]:
        """The reply to each of these prompts, which declare these tools."""
        prompts = list(catalogs)
        if not prompts:
            return
        calibrator = calibrator_of(self.engine)
        for index, generation in self.engine.generate(prompts, max_new_tokens=self.max_new_tokens):
            tools = catalogs[prompts[index]].declarations()
            reply = Reply(generation, self.engine.format.parse(generation.text, tools))
            if self.watch:
                self.watch(reply, tools)
            yield prompts[index], replace(reply, calibrated=calibrator.of(reply)) if calibrator else reply


def calibrator_of(engine: Engine) -> Calibrator | None:
    """What an engine maps confidence with; most have nothing of the sort."""
    found: Calibrator | None = getattr(engine, "calibrator", None)
    return found


def _with_variants(cases: Sequence[Case]) -> Iterator[Case]:
    """The cases and those they are compared with."""
    for case in cases:
        yield case
        if case.variant:
            yield case.variant.case


def stable_seed(*parts: object) -> int:
    """A seed that is the same in every process, from what it is for."""
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:6])
