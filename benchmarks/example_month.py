"""The page of docs/example-month: `python -m benchmarks.example_month FILE.html [--work DIR]`.

Thirty nights of an adapter that nobody trained: its replies are scripted, all else is what `python -m reports nightly`
does. On the 17th a new adapter breaks half of one slice, on the 23rd a library changes and nothing else does, and on
the 9th the gate could not run.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from fixtures.catalogs import load_catalog
from fixtures.errors import UserError
from fixtures.files import write_text
from reports.nights.command import PAGES, nightly
from reports.nights.settings import Entry
from suite.anchored import Anchor
from suite.contracts import CONTRACTS
from suite.judging.contract import Contract
from suite.outcome import Bar, Ceiling, ContractResult, Identity, Interval, Never, NoWorse, Results, Tally
from suite.statistics.verdict import judge
from tests.reports.nights.month import CATALOGS, NIGHTS, Scripted, settings

PLANTED = "right_arguments: catalog hotel_lights"
WORSE, MISSING, LIBRARY = NIGHTS[16], NIGHTS[8], NIGHTS[22]
_KEPT = {"right_arguments": 0.955, "right_tool": 0.985}
"""Of fresh cases; of the other contracts, 99.3 %."""


def _gates(contract: Contract) -> bool:
    """Whether it gates without rows of the user's own and without a champion."""
    return contract.bar.gating and not contract.rows and not isinstance(contract.bar, NoWorse)


class Month(Scripted):
    """The scripted nights, with fresh cases of their own each night."""

    def gate(self, entry: Entry, seed: int, cache: Path) -> Results:
        """A gate by its counts alone."""
        if self.gap(self.tonight):
            raise UserError(entry.adapter, "the disk is full")
        identity = Identity("tiny", "5a" * 32, entry.adapter, self.adapter(self.tonight), "functiongemma", "77" * 32)
        return Results(
            identity=identity, catalogs={name: load_catalog(name).digest for name in CATALOGS}, seed=seed, budget=400,
            max_new_tokens=160, started=f"{self.tonight}T02:00:00+00:00", seconds=412.0, calls={"generated": 2400},
            libraries=dict(self.libraries(self.tonight)), risks={"alpha": 0.05, "beta": 0.05},
            contracts=tuple(self.contract(one.name, one.promise, one.bar) for one in CONTRACTS if _gates(one)),
        )  # fmt: skip

    def contract(self, name: str, promise: str, bar: Bar) -> ContractResult:
        rng = random.Random(f"{self.tonight} {name}")
        if isinstance(bar, Ceiling):
            ece = Interval(0.04 + 0.03 * rng.random(), 0.01, 0.11)
            verdict, rate = judge(Tally(300, 280), bar, {bar.statistic: ece})
            return ContractResult(name, promise, bar, verdict, Tally(300, 280), rate, {bar.statistic: ece})
        chance = 1.0 if isinstance(bar, Never) else _KEPT.get(name, 0.993)
        if name == "right_arguments" and self.tonight >= WORSE:
            chance -= 0.2  # half of the cases on one of two catalogs
        tally = Tally(400, sum(rng.random() < chance for _ in range(400)))
        verdict, rate = judge(tally, bar, {})
        return ContractResult(name, promise, bar, verdict, tally, rate)


def broken(night: str, anchor: Anchor) -> bool:
    return night >= WORSE and PLANTED in anchor.series


def month(work: Path) -> str:
    """The page of the last night."""
    scripted = Month(
        worse=broken,
        adapter=lambda night: ("a3f1" if night < WORSE else "7c20") * 16,
        libraries=lambda night: {"torch": "2.13.0", "transformers": "5.22.1" if night < LIBRARY else "5.23.0"},
        gap=lambda night: night == MISSING,
    )
    for night in NIGHTS:
        scripted.tonight = night
        made = settings(work, fail_on=("moved", "gap", "closed"))
        nightly(replace(made, entries=(replace(made.entries[0], name="hotel"),)), scripted.tools, night=night)
    return (work / "nights" / PAGES / f"{NIGHTS[-1]}.html").read_text(encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="A simulated month of nights, and the page of its last one.")
    parser.add_argument("page", type=Path, metavar="FILE.html")
    parser.add_argument("--work", type=Path, metavar="DIR", help="keep all nights there (default: nowhere)")
    options = parser.parse_args(arguments)
    with TemporaryDirectory() as nowhere:
        write_text(options.page, month(options.work or Path(nowhere)))
    sys.stdout.write(f"wrote {options.page}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
