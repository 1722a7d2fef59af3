"""An engine without a model: replies computed from the prompt. For tests, and for showing what a gate does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from fixtures.formats import Format, load_format
from suite.calibration import Calibrator
from suite.outcome import Identity
from suite.reply import Generation


class ScriptedEngine:
    """Answers each prompt with `answer(prompt)`: a Generation, or a text (stop token included) that was certain.

    `calls` counts prompts answered, `batches` requests made; `batch_size` is how many replies get ready together.
    """

    def __init__(
        self,
        answer: Callable[[str], str | Generation],
        *,
        format: Format | str = "functiongemma",
        identity: Identity | None = None,
        batch_size: int = 8,
        calibrator: Calibrator | None = None,
    ) -> None:
        self.answer, self.batch_size, self.calibrator = answer, batch_size, calibrator
        self.format = load_format(format) if isinstance(format, str) else format
        self.identity = identity or Identity(
            "scripted", "scripted", "scripted", "scripted", self.format.name, self.format.digest
        )
        self.calls = self.batches = 0

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        """The scripted replies, in order; `max_new_tokens` cuts nothing off."""
        for start in range(0, len(prompts), self.batch_size):
            batch = prompts[start : start + self.batch_size]
            replies = [self._reply(prompt) for prompt in batch]
            self.calls += len(batch)
            self.batches += 1
            yield from enumerate(replies, start)

    def _reply(self, prompt: str) -> Generation:
        said = self.answer(prompt)
        return said if isinstance(said, Generation) else Generation(said, (0.0,), "stop")
