"""The progress bar tells the loss and the time left."""

from __future__ import annotations

import io
from collections.abc import Callable

from train.screen import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def ticking(*seconds: float) -> Callable[[], float]:
    times = iter(seconds)
    return lambda: next(times)


def test_the_time_left_follows_the_rate_so_far() -> None:
    bar = Bar(total=40, first=0, stream=io.StringIO(), clock=ticking(100, 130))
    # 10 steps in 30 seconds leave 30 steps of 3 seconds: 90 seconds.
    assert bar.line(10, 0.5) == "[######------------------] 10/40  loss 0.5000  1:30 left"


def test_steps_before_a_resume_do_not_count_for_the_rate() -> None:
    bar = Bar(total=40, first=30, stream=io.StringIO(), clock=ticking(0, 10))
    assert bar.line(35, 0.5).endswith("0:10 left")


def test_a_file_gets_ten_lines_of_any_run() -> None:
    for total in (10, 37, 1000):
        stream = io.StringIO()
        bar = Bar(total, 0, stream, lambda: 0.0)
        for step in range(1, total + 1):
            bar.show(step, 1.0)
        assert len(stream.getvalue().splitlines()) == 10
        assert f"{total}/{total}" in stream.getvalue().splitlines()[-1]


def test_a_terminal_gets_one_line_that_is_drawn_again() -> None:
    stream = Terminal()
    bar = Bar(2, 0, stream, lambda: 0.0)
    bar.show(1, 1.0)
    bar.show(2, 0.5)
    assert stream.getvalue().count("\r") == 2
    assert stream.getvalue().count("\n") == 1
