"""What an engine returns, and how it reads: the plain values that contracts judge. Nothing here decides anything."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fixtures.formats import Parsed, Span

FinishReason: TypeAlias = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Generation:
    """What an engine returns for one prompt.

    `text` holds the stop token if one ended it. `logprobs` has the natural-log probability of each generated token,
    the stop included, in order; `finish` is `length` if the limit on new tokens cut the reply off. `ends` says of each
    token behind which character of `text` it ends; empty if the engine does not know.
    """

    text: str
    logprobs: tuple[float, ...]
    finish: FinishReason
    ends: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.ends and len(self.ends) != len(self.logprobs):
            raise ValueError(f"{len(self.ends)} ends for {len(self.logprobs)} tokens")

    def likelihood(self, spans: Sequence[Span]) -> float | None:
        """The probability of the tokens that hold any character of these spans, each given all before it.

        A token that holds other characters too counts as a whole: it has one probability. None if there is no such
        token, or nobody knows where the tokens stand.
        """
        starts = (0, *self.ends[:-1])
        # A token that ends where it starts holds the first bytes of a character that the next one completes.
        held = [
            logprob
            for start, end, logprob in zip(starts, self.ends, self.logprobs, strict=bool(self.ends))
            if any(start < b and max(end, start + 1) > a for a, b in spans if a < b)
        ]
        return math.exp(min(0.0, sum(held))) if held else None


@dataclass(frozen=True, slots=True)
class Reply:
    """A generation as its format reads it; `other` is the one it is compared with: see `Contract.beside`.

    `calibrated` is the confidence that the adapter's calibrator gives to it, if there is one.
    """

    generation: Generation
    parsed: Parsed
    other: Reply | None = None
    calibrated: float | None = None

    @property
    def raw(self) -> str:
        return self.generation.text

    @property
    def likelihood(self) -> float:
        """The probability the model gave to this very reply, between 0 and 1."""
        return math.exp(min(0.0, sum(self.generation.logprobs)))

    @property
    def confidence(self) -> dict[str, float]:
        """How sure the reply is, by the kind of figure: `likelihood`, and `verbalised` where the format has it."""
        said = self.parsed.confidence
        return {"likelihood": self.likelihood} | ({} if said is None else {"verbalised": said})

    @property
    def sure(self) -> float:
        """How sure the reply is, by what users act on: calibrated, else as it says itself, else its likelihood."""
        if self.calibrated is not None:
            return self.calibrated
        return self.likelihood if self.parsed.confidence is None else self.parsed.confidence

    @property
    def tool_choice(self) -> float | None:
        """The probability of the names that it calls; None for a reply that is not clean, or without any name."""
        return self.generation.likelihood(self.parsed.names)

    @property
    def argument_values(self) -> float | None:
        """The probability of the values in its calls, without keys, quotes and brackets; None as above."""
        return self.generation.likelihood(self.parsed.values)


@dataclass(frozen=True, slots=True)
class Readings:
    """How many different replies of the measured sample read so (`fixtures.formats.Parsed`); `canonical` of the clean
    ones are byte for byte what the template writes for their calls."""

    clean: int = 0
    canonical: int = 0
    salvaged: int = 0
    undecodable: int = 0
    no_call: int = 0
