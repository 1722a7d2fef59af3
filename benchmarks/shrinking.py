"""`python -m benchmarks.shrinking [--adapter PATH] [--failures N]`: two ways to make a failing case small.

Failures of the gate's search (by default of the bare embedded base) are made smaller by Hypothesis, which draws its way
down one call at a time, and by suite/lanes/reduce.py, which judges reductions in batches. Both start from the same
failing draws and may ask for `--calls` replies. The table has medians over all failures, and how often each way got
smaller.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from hypothesis import Phase

from fixtures.types import Case
from suite.contracts import DRAWN
from suite.engine import Engine, identify, load_engine
from suite.exam.scene import Scene
from suite.judging.contract import Contract
from suite.lanes.asking import MAX_NEW_TOKENS, Asker
from suite.lanes.reduce import reduce, size
from suite.lanes.search import collect, explore
from suite.outcome import Broken, Outcome
from suite.reply import Reply

EXAMPLES = 30


@dataclass(frozen=True, slots=True)
class Way:
    """What one way made of one failure; `size` counts tools, messages and letters."""

    size: tuple[int, int, int]
    calls: int
    seconds: float
    minimal: bool


@dataclass(frozen=True, slots=True)
class Pair:
    """One failure, made small in both ways."""

    contract: str
    hypothesis: Way
    batches: Way


def compare(engine: Engine, failures: int, calls: int) -> list[Pair]:
    """Both ways on so many failures; every seed gives one for each gating contract that breaks."""
    scene = Scene.on()
    found: list[Pair] = []
    for seed in count(1):
        for contract in DRAWN:
            drawn = collect(contract, scene, EXAMPLES, seed) if contract.bar.gating else []
            replies = Asker(engine, max_new_tokens=MAX_NEW_TOKENS).ask(drawn)
            judged = [(case, contract.judge(case, reply)) for case, reply in zip(drawn, replies, strict=True)]
            broken = [(case, outcome) for case, outcome in judged if isinstance(outcome, Broken)]
            if not broken:
                continue
            first = by_hypothesis(engine, contract, scene, drawn, seed, calls)
            smallest, outcome = min(broken, key=lambda pair: size(pair[0]))
            second = by_batches(engine, contract, smallest, outcome, calls)
            if first:
                found.append(Pair(contract.name, first, second))
                sys.stdout.write(f"{len(found):3} {contract.name}: {first} {second}\n")
                sys.stdout.flush()
            if len(found) == failures:
                return found
    return found


def by_hypothesis(
    engine: Engine, contract: Contract, scene: Scene, drawn: Sequence[Case], seed: int, calls: int
) -> Way | None:
    """Hypothesis shrinks; the replies to what was drawn are there already."""
    asker = Counting(engine)
    asker.ask(drawn)
    before, started = asker.asked, time.monotonic()
    smallest = shrink(contract, scene, drawn, seed, asker, calls)
    if smallest is None:
        return None
    return Way(size(smallest[0]), asker.asked - before, time.monotonic() - started, smallest[2])


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
        explore(contract, scene, len(drawn), run_seed, judge, (Phase.generate, Phase.shrink))
    if not failing:
        return None
    smallest = min(failing, key=lambda found: (len(found[0].catalog.tools), len(asker.prompt(found[0]))))
    return (*smallest, len(seen) <= limit)


def by_batches(engine: Engine, contract: Contract, case: Case, broken: Broken, calls: int) -> Way:
    started = time.monotonic()
    reduced = reduce(contract, case, broken, Counting(engine), calls)
    return Way(size(reduced.case), reduced.calls, time.monotonic() - started, reduced.minimal)


class Counting(Asker):
    """An asker with nothing asked yet, that counts the different prompts it gets."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine, max_new_tokens=MAX_NEW_TOKENS)
        self._seen: set[str] = set()

    @property
    def asked(self) -> int:
        return len(self._seen)

    def ask(self, cases: Sequence[Case], what: str = "replies") -> list[Reply]:
        self._seen |= {self.prompt(case) for case in cases}
        return super().ask(cases, what)


def row(name: str, ways: Sequence[Way], others: Sequence[Way]) -> str:
    sizes = [statistics.median(way.size[part] for way in ways) for part in range(3)]
    smaller = sum(way.size < other.size for way, other in zip(ways, others, strict=True))
    cells = [f"{value:g}" for value in (*sizes, statistics.median(way.calls for way in ways))]
    cells.append(f"{statistics.median(way.seconds for way in ways):.1f}")
    return f"| {name} | {' | '.join(cells)} | {sum(way.minimal for way in ways)} of {len(ways)} | {smaller} |\n"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.shrinking", description=__doc__)
    parser.add_argument("--adapter", type=Path)
    parser.add_argument("--failures", type=int, default=30)
    parser.add_argument("--calls", type=int, default=400)
    options = parser.parse_args()
    engine = load_engine(identify(options.adapter, None if options.adapter else "tiny", None))
    pairs = compare(engine, options.failures, options.calls)
    sys.stdout.write("\n| way | tools | messages | letters | replies | seconds | minimal | smaller than the other |\n")
    sys.stdout.write("| --- | --- | --- | --- | --- | --- | --- | --- |\n")
    hypothesis, batches = [pair.hypothesis for pair in pairs], [pair.batches for pair in pairs]
    sys.stdout.write(row("Hypothesis", hypothesis, batches) + row("reductions in batches", batches, hypothesis))


if __name__ == "__main__":
    main()
