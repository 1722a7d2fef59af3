"""Two promotions of one name at the same moment: one after the other, each compared with what serves then."""

from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from tests.train.promotion.bench import NOW, Bench
from train.promotion import events
from train.promotion.events import Event, read_events
from train.promotion.keys import Trust
from train.promotion.shelf import Shelf
from train.promotion.verify import verify_name

TOGETHER: Any = multiprocessing.get_context("fork")
ENDS_SECONDS = 60
"""More than a scripted promotion takes on the slowest machine; nothing is measured by it."""


def promote_at(barrier: Any, folder: Path, run: str) -> None:
    rival = Bench(folder, run_name=run)
    rival.train(run.encode())
    barrier.wait(ENDS_SECONDS)
    assert rival.promote(wait=ENDS_SECONDS).made.folder.is_dir()


@pytest.mark.parametrize("pair", range(25))
def test_both_of_a_pair_of_promotions_end_cleanly(pair: int, bench: Bench) -> None:
    """Key and shelf are made by whoever comes first."""
    barrier = TOGETHER.Barrier(2)
    both = [TOGETHER.Process(target=promote_at, args=(barrier, bench.folder, run)) for run in ("one", "two")]
    for process in both:
        process.start()
    for process in both:
        process.join(ENDS_SECONDS)
    assert [process.exitcode for process in both] == [0, 0]
    found = verify_name(bench.the_shelf, bench.trust, NOW)
    first, second = read_events(bench.the_shelf, bench.trust)
    assert (first.sequence, second.sequence) == (1, 2)
    assert (found.folder.name, found.said["replaces"]) == (second.release, first.release)
    assert not list(bench.shelf.glob(".staging-*"))


def test_who_reads_while_others_promote_reads_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.train(b"one")
    bench.promote()
    real, left = events._read_alias, [1, 2]

    def read_late(shelf: Shelf, trust: Trust) -> Event:
        due = [left.pop() for _ in range(len(left))]  # at once: what promotes reads, too
        for _ in due:
            bench.promote()
        return real(shelf, trust)

    monkeypatch.setattr(events, "_read_alias", read_late)
    with pytest.raises(UserError, match="does not follow"):
        events._read_events(bench.the_shelf, bench.trust)
    left += [3, 4]
    assert [event.sequence for event in read_events(bench.the_shelf, bench.trust)] == [1, 2, 3, 4, 5]


def test_who_comes_second_is_told_who_is_there_and_does_not_wait_for_ever(bench: Bench) -> None:
    bench.train(b"one")
    second = Bench(bench.folder, run_name="second")
    second.train(b"two")
    refused: list[UserError] = []

    def try_meanwhile() -> None:
        with pytest.raises(UserError, match=r"being changed by process \d+ on ") as caught:
            second.promote(wait=0.01)
        refused.append(caught.value)

    bench.during_gate = try_meanwhile
    bench.promote()
    assert "--wait" in refused[0].hint
    assert "waiting up to" in second.told[0]
    assert second.asked == []
    second.promote()
    assert second.champions == [bench.shelf / read_events(bench.the_shelf, bench.trust)[0].release]
