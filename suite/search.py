"""The searching lane: Hypothesis draws cases, hunts for a failure and shrinks it. It never feeds a rate.

Every pass runs the same test function with the same seed, so the draws come back in the same order: the first pass
only collects them, to be asked in one batch; the second replays them against the replies and shrinks what fails.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from fixtures.types import Case
from suite.asking import Asker, stable_seed
from suite.contract import Contract, Draw
from suite.outcome import Broken, Outcome
from suite.scene import Scene

T = TypeVar("T")


class HypothesisChooser:
    """A grammar's choices, made by Hypothesis; the first option and the lowest number are the simplest.

    Each choice is drawn as three bytes. Hypothesis mixes constants of the loaded modules into integers and texts, so
    those would differ between two passes if a module was loaded in between; there are none of that size in bytes.
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
    _explore(contract, scene, examples, run_seed, found.append, (Phase.generate,))
    return found


class BudgetSpent(BaseException):
    """Ends a shrink from within; no Exception, so that Hypothesis does not take it for a failure of the case."""


def shrink(
    contract: Contract, scene: Scene, drawn: Sequence[Case], run_seed: int, asker: Asker, calls: int
) -> tuple[Case, Broken, bool] | None:
    """The smallest failing case that Hypothesis reaches, what broke, and whether it is minimal.

    `drawn` are the cases that were collected with the same seed. At most `calls` others are asked; when they are
    spent, the smallest case so far is not called minimal. Small means few tools first, and then a short prompt.
    """
    failing: list[tuple[Case, Broken]] = []
    # What other lanes happen to have asked is no help: the search has to go the same way each time.
    seen = {asker.prompt(case) for case in drawn}
    limit = len(seen) + calls

    def judge(case: Case) -> None:
        seen.add(asker.prompt(case))
        if len(seen) > limit:
            raise BudgetSpent
        outcome: Outcome = contract.judge(case, asker.ask([case], "shrinking")[0])
        if isinstance(outcome, Broken):
            failing.append((case, outcome))
            raise AssertionError(outcome.got)

    with suppress(AssertionError, BudgetSpent):
        _explore(contract, scene, len(drawn), run_seed, judge, (Phase.generate, Phase.shrink))
    if not failing:
        return None
    smallest = min(failing, key=lambda found: (len(found[0].catalog.tools), len(asker.prompt(found[0]))))
    return (*smallest, len(seen) <= limit)


def _explore(
    contract: Contract, scene: Scene, examples: int, run_seed: int, visit: Callable[[Case], Any], phases: Any
) -> None:
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
    def explore(case: Case) -> None:
        visit(case)

    explore()
