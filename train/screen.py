"""What the command line shows while it works."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TextIO

from train.processes import is_main

_WIDTH = 24
_PLAIN_LINES = 10
"""How many lines a whole run takes where the bar cannot be redrawn."""


def say(text: str) -> None:
    """A line for the person at the terminal; of several processes, one speaks."""
    if not is_main():
        return
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


class Bar:
    """A progress bar with the loss and the time left; where there is no terminal, a line now and then.

    `clock` gives seconds; `first` is the step at which a resumed run goes on, which does not count for the rate.
    """

    def __init__(self, total: int, first: int, stream: TextIO, clock: Callable[[], float]) -> None:
        self.total, self.first, self.stream, self.clock = total, first, stream, clock
        self.started = clock()

    def show(self, step: int, loss: float) -> None:
        """Draw the state after `step` steps."""
        if self.stream.isatty():
            self.stream.write(f"\r{self.line(step, loss)}\x1b[K" + "\n" * (step == self.total))
        elif step == self.total or step * _PLAIN_LINES // self.total > (step - 1) * _PLAIN_LINES // self.total:
            self.stream.write(self.line(step, loss) + "\n")
        self.stream.flush()

    def line(self, step: int, loss: float) -> str:
        filled = _WIDTH * step // self.total
        left = (self.clock() - self.started) / max(1, step - self.first) * (self.total - step)
        bar = "#" * filled + "-" * (_WIDTH - filled)
        return f"[{bar}] {step}/{self.total}  loss {loss:.4f}  {_minutes(left)} left"


class Counter:
    """One line that counts what comes in; nothing where there is no terminal."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def show(self, what: str, done: int, total: int) -> None:
        """Draw that `done` of `total` replies of the lane `what` are there."""
        if self.stream.isatty():
            self.stream.write(f"\r{what} {done}/{total}\x1b[K" + "\n" * (done == total))
            self.stream.flush()


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
