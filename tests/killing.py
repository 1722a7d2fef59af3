"""Work in a child process that is killed at a chosen step: before the n-th thing that it changes in a folder."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


def killed_at_random(folder: Path, work: Callable[[], object], seed: int, most: int) -> int:
    """The exit status of work that `kill -9` ends after a random number of its first `most` steps, wherever it has got
    to meanwhile."""
    reading, writing = os.pipe()

    def watched() -> None:
        on_writes(folder, lambda: os.write(writing, b"."))
        work()

    child = in_a_child(watched)
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as steps:
        for _ in range(random.Random(seed).randrange(most)):
            if not steps.read(1):
                break
        os.kill(child, signal.SIGKILL)
    return waited(child)
