"""The searching lane: Hypothesis draws the cases that a failure is hunted with. They never feed a rate.

The draws are collected first and asked in one batch; what fails is made smaller by suite/lanes/reduce.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fixtures.types import Case
from suite.exam.scene import Scene
from suite.judging.contract import Contract, Draw
from suite.lanes.asking import stable_seed

T = TypeVar("T")


class HypothesisChooser:
    """A grammar's choices, made by Hypothesis; the first option and the lowest number are the simplest.

    Each choice is drawn as three bytes. Hypothesis mixes constants of the loaded modules into integers and texts, so
    those would differ between two runs if a module was loaded in between; of that size in bytes, these rooms have none
    (tests/house/test_constants.py).
    """

    def __init__(self, draw: Callable[[st.SearchStrategy[bytes]], bytes]) -> None:
        self._draw = draw

    def _below(self, count: int) -> int:
        return int.from_bytes(self._draw(_CHOICE)) * count >> 24

    def choice(self, options: Sequence[T]) -> T:
        return options[self._below(len(options))]

    def integer(self, low: int, high: int) -> int:
        return low + self._below(high - low + 1)

    def chance(self, percent: int) -> bool:
        return self._below(100) >= 100 - percent


_CHOICE = st.binary(min_size=3, max_size=3)


@st.composite
def cases(draw: Callable[[st.SearchStrategy[Any]], Any], scene: Scene, drawn_by: Draw) -> Case:
    """A contract's cases as a Hypothesis strategy."""
    return drawn_by(scene, HypothesisChooser(draw))


def collect(contract: Contract, scene: Scene, examples: int, run_seed: int) -> list[Case]:
    """The cases that Hypothesis draws first, none of them judged."""
    found: list[Case] = []
    explore(contract, scene, examples, run_seed, found.append, (Phase.generate,))
    return found


def explore(
    contract: Contract, scene: Scene, examples: int, run_seed: int, visit: Callable[[Case], Any], phases: Any
) -> None:
    """Visit cases as Hypothesis draws them, the same ones in the same order for the same seed."""

    @seed(stable_seed("search", run_seed, contract.name))
    @settings(
        database=None,
        phases=phases,
        max_examples=examples,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases(scene, contract.draw))
    def each(case: Case) -> None:
        visit(case)

    each()
