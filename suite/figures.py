"""Figures with their intervals, and those of each tool: plain values, as those of suite/outcome.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval at `level`."""

    estimate: float
    low: float
    high: float
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of cases, by what they are told apart, with how many of them held; `rate` is of requests like these."""

    by: str
    name: str
    held: int
    trials: int
    rate: Interval


@dataclass(frozen=True, slots=True)
class ToolReport:
    """How a tool of a given catalog is asked for, and what came of it.

    `language` says by whose words (`fixtures.grammar.tools.Language`), and is empty where nobody asks for it: `never`
    says why then. `sentences` are people's own for it, `slotted` of them said with other values too. `asked` counts the
    different requests of the measured sample that it answers, and `kept` has those that hold, by contract.
    """

    catalog: str
    tool: str
    language: str = ""
    sentences: int = 0
    slotted: int = 0
    never: str = ""
    hint: str = ""
    asked: int = 0
    kept: Sequence[Slice] = ()
