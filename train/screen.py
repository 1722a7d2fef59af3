"""What the command line shows while it works."""

from __future__ import annotations

import sys
from typing import TextIO

from fixtures.progress import EVERY_SECONDS, SETTLED, Clock, Turns
from train.processes import is_main

_WIDTH = 24


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

    def __init__(self, total: int, first: int, stream: TextIO, clock: Clock) -> None:
        self.total, self.first, self.stream, self.clock = total, first, stream, clock
        self.started, self.turns = clock(), Turns(clock, first=SETTLED[0])
        if not stream.isatty():
            stream.write(f"training: {total - first} steps; a line here every {EVERY_SECONDS:.0f} s\n")

    def show(self, step: int, loss: float) -> None:
        """Draw the state after `step` steps."""
        if self.stream.isatty():
            self.stream.write(f"\r{self.line(step, loss)}\x1b[K" + "\n" * (step == self.total))
        elif step == self.total or self.turns.due():
            self.stream.write(self.line(step, loss) + "\n")
        self.stream.flush()

    def line(self, step: int, loss: float) -> str:
        filled = _WIDTH * step // self.total
        left = (self.clock() - self.started) / max(1, step - self.first) * (self.total - step)
        bar = "#" * filled + "-" * (_WIDTH - filled)
        return f"[{bar}] {step}/{self.total}  loss {loss:.4f}  {_minutes(left)} left"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"
