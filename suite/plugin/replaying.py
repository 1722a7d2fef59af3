"""`--replay ID` inside pytest: an item for each contract that the counterexample breaks, and what is told of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from suite.lanes.loading import load_contracts
from suite.plugin.engines import engine_from_environment
from suite.plugin.stash import FOUND, REPLAYED, SETTINGS, TARGET
from suite.replay import NO_VERDICT, Found, Replayed, find, replay, said, told
from suite.results.cases import SHORT_ID
from suite.settings import Settings

REPLAY = "replay"
"""The property of a test report that has the ID."""


def found_by(settings: Settings) -> tuple[Found, ...]:
    """What these settings want asked again; UserError if it is not there."""
    contracts = load_contracts(settings.own_contracts)
    return find(str(settings.replay), Path(settings.cache), _results(settings), contracts)


def _results(settings: Settings) -> Path | None:
    return Path(settings.results) if settings.results else None


def items_of(names: set[str], parent: pytest.Collector) -> Iterator[ReplayItem]:
    """An item for each of these contracts that is to be asked again."""
    for found in parent.config.stash[FOUND]:
        if found.contract in names:
            name = f"{found.contract}[{found.id[:SHORT_ID]}]"
            yield ReplayItem.from_parent(parent, name=name, found=found)


class ReplayItem(pytest.Item):
    """One counterexample of one contract; what came of it is there before it is run (`run_replay`)."""

    def __init__(self, *, found: Found, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.found = found

    @property
    def replayed(self) -> Replayed:
        return next(one for one in self.config.stash[REPLAYED] if one.found == self.found)

    def runtest(self) -> None:
        if self.replayed.fails:
            raise StillFails(said(self.replayed))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, StillFails):
            return "\n".join(told(self.replayed))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"replay {self.name}"


class StillFails(Exception):
    """The counterexample fails again."""


def run_replay(config: pytest.Config) -> None:
    """Ask it again and keep what came of it; UserError for all that a person can repair."""
    settings, target = config.stash[SETTINGS], config.stash[TARGET]
    config.stash[REPLAYED] = replay(
        settings.adapter,
        str(settings.replay),
        around=settings.neighbours,
        results=_results(settings),
        base=settings.base,
        catalogs=settings.catalog,
        examples=settings.examples,
        format=settings.format,
        given=settings.given,
        engine=engine_from_environment(target),
        contracts=load_contracts(settings.own_contracts),
        cache=Path(settings.cache),
        processes=settings.processes,
        leave_out_unaskable=settings.leave_out_unaskable,
        dtype=settings.dtype,
    )


def properties(replayed: Replayed) -> list[tuple[str, object]]:
    """What a test report carries of it; JUnit files have these as properties of the test case."""
    facts: list[tuple[str, object]] = [(REPLAY, replayed.found.id), ("still_fails", replayed.fails)]
    if replayed.neighbours:
        facts += [("neighbours", replayed.neighbours), ("broken_beside", replayed.broken_beside)]
    return facts


def tell(config: pytest.Config, reporter: Any) -> None:
    """The last words of such a session."""
    reporter.section("callproof")
    for replayed in config.stash[REPLAYED]:
        for line in (*told(replayed), ""):
            reporter.write_line(line)
    reporter.write_line(NO_VERDICT)
