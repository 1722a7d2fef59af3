"""All rows of a file as ids and labels, by several processes where there are rows enough to be worth it."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

from fixtures.cores import cores, end_with_parent
from fixtures.formats import Format
from fixtures.rows.checks import Fault
from fixtures.rows.reading import Row
from train.processes import count
from train.rows.mask import Example, encode
from train.rows.pieces import Pieces

STRETCH = 500
"""Rows that are encoded between two signs of progress."""
SHARED = 4000
"""Rows from which on several processes share them: below, one is done in three seconds."""
MOST_PROCESSES = 8
_COMPARED = 64
"""Rows at the start of the file, and one in so many behind them, whose pieces are compared with the whole text."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What has to be encoded; a process that is forked finds it in `_work` and need not be sent the rows."""

    rows: Sequence[Row]
    form: Format
    tokenizer: Any
    max_length: int
    pieces: Pieces

    def stretch(self, start: int) -> tuple[list[Example | Fault], bool]:
        """So many rows from `start` on, and whether their pieces were those of the whole texts."""
        found = []
        for number, row in enumerate(self.rows[start : start + STRETCH], start):
            found.append(encode(row, self.form, self.tokenizer, self.max_length, self.pieces))
            if self.pieces.apart and (number < _COMPARED or number % _COMPARED == 0):
                text = self.form.render(row.messages, row.tools).text
                if self.pieces.ids(text) != list(self.pieces.whole(text).ids):
                    return [], False
        return found, True


_work: list[_Work] = []


def encode_all(
    rows: Sequence[Row],
    form: Format,
    tokenizer: Any,
    max_length: int,
    progress: Callable[[float], None] = lambda share: None,
) -> list[Example | Fault]:
    """For each row its ids and labels, or why it cannot be trained on; `progress` is told the share that is done.

    Tokenised piece by piece; if that differs from the whole text in one of the rows that are compared, no pieces are
    used.
    """
    work = _Work(rows, form, tokenizer, max_length, Pieces(tokenizer, form))
    found: list[Example | Fault] = []
    for part, alike in _stretches(work):
        if not alike:
            work.pieces.apart = False
            return [encode(row, form, tokenizer, max_length, work.pieces) for row in rows]
        found += part
        progress(len(found) / len(rows))
    return found


def _stretches(work: _Work) -> Iterator[tuple[list[Example | Fault], bool]]:
    starts = range(0, len(work.rows), STRETCH)
    processes = min(len(cores()), MOST_PROCESSES)
    # Where a run has several processes, each has its cores already; elsewhere than on Linux, forking is not safe.
    if len(work.rows) < SHARED or processes < 2 or count() > 1 or sys.platform != "linux":
        yield from map(work.stretch, starts)
        return
    _work.append(work)
    try:
        fork = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(processes, fork, end_with_parent, (os.getpid(),)) as pool:
            yield from pool.map(_stretch, starts)
    finally:
        _work.clear()


def _stretch(start: int) -> tuple[list[Example | Fault], bool]:
    return _work[0].stretch(start)
