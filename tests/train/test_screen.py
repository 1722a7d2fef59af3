"""The progress bar tells the loss and the time left."""

from __future__ import annotations

import io
from collections.abc import Callable

from train.screen import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ticking(start: float, then: float) -> Callable[[], float]:
    """The time when a bar is made, which asks for it twice, and the time from then on."""
    times = iter((start, start))
    return lambda: next(times, then)


def test_the_time_left_follows_the_rate_so_far() -> None:
    bar = Bar(total=40, first=0, stream=io.StringIO(), clock=ticking(100, 130))
    # 10 steps in 30 seconds leave 30 steps of 3 seconds: 90 seconds.
    assert bar.line(10, 0.5) == "[######------------------] 10/40  loss 0.5000  1:30 left"


def test_steps_before_a_resume_do_not_count_for_the_rate() -> None:
    bar = Bar(total=40, first=30, stream=io.StringIO(), clock=ticking(0, 10))
    assert bar.line(35, 0.5).endswith("0:10 left")


def test_a_file_gets_a_line_at_the_start_one_every_half_minute_and_the_last_step() -> None:
    now = iter(range(0, 10_000))
    stream = io.StringIO()
    bar = Bar(100, 0, stream, lambda: float(next(now)))
    for step in range(1, 101):
        bar.show(step, 1.0)
    first, *lines = stream.getvalue().splitlines()
    assert first == "training: 100 steps; a line here every 30 s"
    assert 3 <= len(lines) <= 8
    assert "100/100" in lines[-1]


def test_a_terminal_gets_one_line_that_is_drawn_again() -> None:
    stream = Terminal()
    bar = Bar(2, 0, stream, lambda: 0.0)
    bar.show(1, 1.0)
    bar.show(2, 0.5)
    assert stream.getvalue().count("\r") == 2
    assert stream.getvalue().count("\n") == 1
