"""A kill at any moment leaves the old champion or the new one, and the next promotion goes on from there."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from suite.outcome import VerdictName
from tests.train.promotion.bench import NOW, Bench
from train.promotion.events import read_events
from train.promotion.verify import verify_name

WRITES = ("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.truncate", "shutil.copyfile")
"""What the interpreter audits before it changes a disk; `open` for writing is one, too."""


def in_a_child(work: Callable[[], object]) -> int:
    """The number of a process that does the work; it never comes back here."""
    child = os.fork()
    if child:
        return child
    try:
        work()
        os._exit(0)
    finally:
        os._exit(70)


def on_writes(folder: Path, do: Callable[[], object]) -> None:
    """Call `do` before every step that changes something in this folder."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event in WRITES or (event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if writes and any(str(folder) in str(argument) for argument in arguments[:2]):
            do()

    sys.addaudithook(hook)


def waited(child: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


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
    reading, writing = os.pipe()

    def work() -> None:
        on_writes(bench.shelf, lambda: os.write(writing, b"."))
        bench.promote()

    child = in_a_child(work)
    os.close(writing)
    # So many steps of the child are waited for, and then it is killed, wherever it has got to meanwhile.
    with os.fdopen(reading, "rb", buffering=0) as steps:
        for _ in range(random.Random(seed).randrange(40)):
            if not steps.read(1):
                break
        os.kill(child, signal.SIGKILL)
    assert waited(child) in (0, -signal.SIGKILL)
    assert serves(bench) in (first, second)
    bench.promote()
    assert serves(bench) == second
