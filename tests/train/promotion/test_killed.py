"""A kill at any moment leaves the old champion or the new one, and the next promotion goes on from there."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from suite.outcome import VerdictName
from tests.killing import in_a_child, killed_at_random, on_writes, waited
from tests.train.promotion.bench import NOW, Bench
from train.promotion.events import read_events
from train.promotion.verify import verify_name


@pytest.fixture
def two(bench: Bench) -> tuple[Bench, str, str]:
    """One adapter that serves, and another that is to."""
    first = bench.train(b"one")
    bench.promote()
    second = bench.train(b"two")
    return bench, first, second


def serves(bench: Bench) -> str:
    return str(verify_name(bench.the_shelf, bench.trust, NOW).said["adapter"]["digest"])


def promote_and_die_at(bench: Bench, step: int) -> int:
    """The exit status of a promotion that is killed before its n-th step; 0 if it has fewer."""

    def work() -> None:
        left = iter(range(step))

        def die_at_the_last() -> None:
            if next(left, None) is None:
                os.kill(os.getpid(), signal.SIGKILL)

        on_writes(bench.shelf, die_at_the_last)
        bench.promote()

    return waited(in_a_child(work))


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_a_kill_at_every_step_leaves_the_old_champion_or_the_new_one(
    verdict: VerdictName, two: tuple[Bench, str, str], tmp_path: Path
) -> None:
    bench, first, second = two
    untouched = shutil.copytree(bench.shelf, tmp_path / "untouched")
    bench.verdict = verdict
    after = []
    for step in range(200):
        shutil.rmtree(bench.shelf)
        shutil.copytree(untouched, bench.shelf)
        status = promote_and_die_at(bench, step)
        after.append(serves(bench))
        bench.promote()  # goes on from whatever was left
        assert serves(bench) == (second if verdict == "pass" else first)
        assert not list(bench.shelf.glob(".staging-*"))
        assert len(read_events(bench.the_shelf, bench.trust)) == len(list((bench.shelf / "history").glob("*.json")))
        if status == 0:
            break
        assert status == -signal.SIGKILL
    assert status == 0, "a promotion has fewer steps than were tried"
    assert len(after) > 15, "steps were seen at all"
    moved = after.index(second) if verdict == "pass" else len(after)
    assert set(after[:moved]) == {first}
    assert set(after[moved:]) <= {second}


@pytest.mark.parametrize("seed", range(20))
def test_kill_9_at_a_random_moment_leaves_the_old_champion_or_the_new_one(
    seed: int, two: tuple[Bench, str, str]
) -> None:
    bench, first, second = two
    assert killed_at_random(bench.shelf, bench.promote, seed, 40) in (0, -signal.SIGKILL)
    assert serves(bench) in (first, second)
    bench.promote()
    assert serves(bench) == second
