"""What a gate tells of the user's own rows: plain values, as those of suite/outcome.py, which has the whole of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Called:
    """In how many rows `called` was called where `right` was right; both name tools, or say that there is none."""

    right: str
    called: str
    count: int


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """One of the user's own rows that got no acceptable answer, and how `sure` (0 to 1) the reply was."""

    file: str
    line: int
    request: str
    got: str
    wanted: str
    sure: float
    must: bool = False
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Unjudged:
    """In how many of so many `asked` requests an argument was not judged because nobody said it, and how often by
    argument: the fault of the data, not of the adapter."""

    asked: int = 0
    requests: int = 0
    arguments: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExampleReport:
    """The user's rows as a source of language: `rows` were read, `sentences` tools are asked for with, `slotted` of
    them with other values too, `no_call` are requests that no tool serves, and `aside` says why others are not used.

    `tools` says by whose words each tool is asked for. `trained` warns of rows that the adapter was trained on.
    """

    files: Mapping[str, str]
    rows: int
    sentences: int
    slotted: int
    no_call: int = 0
    aside: Mapping[str, int] = field(default_factory=dict)
    tools: Mapping[str, str] = field(default_factory=dict)
    unjudged: Unjudged = field(default_factory=Unjudged)
    trained: str = ""
