"""What a contract is, and the decorator that makes one from a predicate."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from fixtures.choosing import SeededChooser
from fixtures.types import Case
from fixtures.vocab import Chooser
from suite.exam.scene import Scene
from suite.outcome import Bar, Bin, Interval, Outcome, Scored, WrongArgument
from suite.reply import Reply

Draw: TypeAlias = Callable[[Scene, Chooser], Case]
Predicate: TypeAlias = Callable[[Case, Reply], Outcome]


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures over a whole sample, by name, and the curves that show them."""

    measures: Mapping[str, Interval]
    curves: Mapping[str, Sequence[Bin]]


Summarise: TypeAlias = Callable[[Sequence[Scored], int, float], Statistics]
"""From scored replies, a seed and the level of intervals to figures; for contracts whose bar is about the sample."""


Beside: TypeAlias = Literal["variant", "again", "base"]
"""What `Reply.other` is: the reply to the case's variant; the reply to the same prompt, asked alone and past the cache
(its own `other` is the next of these); or what the bare base says to the same case, None if that is what is gated."""


Explain: TypeAlias = Callable[[Case, Reply], Sequence[WrongArgument]]
"""What is wrong in a reply that breaks a contract, argument by argument."""

Rows: TypeAlias = Literal["", "sample", "must"]
"""Which of the user's own rows a contract is asked with, instead of cases that are drawn: none, those that are a sample
of what people ask, or those that must hold."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A promise about replies: whom it covers (`draw`), what must hold (`judge`), and its bar.

    `sample` is the most cases that are measured, for a contract that does not gate and whose cases cost more than one
    reply. `folder` is where a contract of the user's own comes from, as --contracts names it; empty for shipped ones.
    A contract with `rows` is asked with the user's own rows, if there are any, and draws none.
    """

    name: str
    promise: str
    draw: Draw
    judge: Predicate
    bar: Bar
    summarise: Summarise | None = None
    beside: Beside = "variant"
    sample: int | None = None
    folder: str = ""
    rows: Rows = ""
    explain: Explain | None = None


def measured(contract: Contract, scene: Scene, seed: int, number: int) -> Case:
    """The case of this number in the measured sample; contracts that draw alike have the same one."""
    chooser = SeededChooser(f"measure:{seed}:{contract.draw.__name__}:{number}")
    return contract.draw(scene.numbered(seed, number), chooser)


def contract(
    *,
    cases: Draw,
    bar: Bar,
    summarise: Summarise | None = None,
    beside: Beside = "variant",
    sample: int | None = None,
    rows: Rows = "",
    explain: Explain | None = None,
) -> Callable[[Predicate], Contract]:
    """Make a contract of a predicate; its docstring is the promise, its name the contract's name."""

    def decorate(predicate: Predicate) -> Contract:
        promise = inspect.getdoc(predicate)
        if not promise:
            raise TypeError(f"{predicate.__qualname__} needs a docstring: it is the promise that reports show")
        told = " ".join(promise.split())
        given = {"summarise": summarise, "beside": beside, "sample": sample, "rows": rows, "explain": explain}
        return Contract(predicate.__name__, told, cases, predicate, bar, **given)  # type: ignore[arg-type]

    return decorate
