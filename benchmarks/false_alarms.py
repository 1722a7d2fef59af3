"""`python -m benchmarks.false_alarms [--runs N]`: how often the whole gate rejects adapters that are known to be good.

No model: each adapter knows all right answers and gives a wrong one with a known chance, which is decided by the
prompt. It is gated like any other, all lanes and all contracts that decide, with the default budget, under N fresh
seeds. `benchmarks.error_rates` tries the sequential test alone; here a right answer that a contract judges wrong, or a
search that finds what the rates allow, would show too. The last rows are what the gate must not let pass.

    | prose | broken calls | undeclared | passed | undecided | failed | replies |
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from fixtures.types import Case
from suite import gate
from suite.contracts import GATING
from suite.lanes.rehearsal import right, scripted
from suite.outcome import Results

PASSED = "passed"
PROSE = "Of course, I will see to that.<end_of_turn>"
UNDECLARED = "<start_function_call>call:not_declared{}<end_function_call><start_function_response>"
END = "}<end_function_call>"


@dataclass(frozen=True, slots=True)
class Known:
    """An adapter of known rates: shares of the requests that a contract asks, each at most 1.

    `prose` of those that a tool serves (`chooses_a_tool`), `broken` of calls with values that are hard to write
    (`valid_calls`), `undeclared` of requests that nothing serves (`never_hallucinates_tools`).
    """

    prose: float
    broken: float
    undeclared: float = 0.0

    def says(self, case: Case, seed: int) -> str:
        """The right answer, or, at the known rate, the fault; always the same for the same case and seed."""
        said = right(case)
        chance = Random(f"{seed}:{case.kind}:{case.messages}:{case.catalog.names}").random()
        if not case.oracle.calls:
            return UNDECLARED if chance < self.undeclared else said
        if case.kind == "stressed":
            return said.replace(END, END[1:], 1) if chance < self.broken else said
        return PROSE if chance < self.prose else said

    @property
    def sure(self) -> float:
        """The log-likelihood of every reply: that of being right."""
        return math.log(1 - self.prose)


ADAPTERS = (
    Known(0.002, 0.002),
    Known(0.01, 0.01),
    Known(0.02, 0.02),
    Known(0.01, 0.01, undeclared=0.001),
    Known(0.01, 0.01, undeclared=0.003),
    Known(0.01, 0.01, undeclared=0.01),
    Known(0.035, 0.01),
    Known(0.05, 0.01),
    Known(0.01, 0.05),
    Known(0.08, 0.01),
)
"""From better than acceptable, over just acceptable (2 %), to at the bar (5 %) and beyond."""


def gated(adapter: Known, seed: int) -> Results:
    """One gate as `pytest --adapter` would run it, with nothing known from earlier ones."""
    engine, contracts = scripted(GATING, lambda case: adapter.says(case, seed), likelihood=adapter.sure)
    with tempfile.TemporaryDirectory() as cache:
        return gate("none", engine=engine, contracts=contracts, seed=seed, cache=Path(cache))


def verdict(results: Results) -> str:
    """What comes of the contracts together: the gate opens only if all of them pass."""
    if results.passed:
        return PASSED
    return "failed" if any(c.verdict.name == "fail" for c in results.contracts) else "undecided"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.false_alarms", description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="gates of each adapter, each with its own seed")
    runs = parser.parse_args().runs
    sys.stdout.write("| prose | broken calls | undeclared | passed | undecided | failed | replies |\n")
    sys.stdout.write(f"|{' --- |' * 7}\n")
    for adapter in ADAPTERS:
        results = [gated(adapter, seed) for seed in range(1, runs + 1)]
        counts = Counter(map(verdict, results))
        shares = (f"{rate:.1%}" for rate in (adapter.prose, adapter.broken, adapter.undeclared))
        found = (str(counts[name]) for name in (PASSED, "undecided", "failed"))
        replies = statistics.median(r.calls["generated"] for r in results)
        sys.stdout.write(f"| {' | '.join((*shares, *found, f'{replies:.0f}'))} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
