"""One of the processes behind a PooledEngine, which starts it with `python -m suite.engine SOCKET CORE...`."""

from __future__ import annotations

import importlib
import signal
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TypeAlias

from fixtures.cores import keep_to
from fixtures.errors import UserError
from suite.engine.identify import Target
from suite.engine.protocol import Engine
from suite.outcome import Generation


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker is told first: what it loads, and the `module:function` that makes an engine of it."""

    target: Target
    make: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Replies to what was asked, by its index there, or why there are none; `warned` is what loading warned of."""

    replies: tuple[tuple[int, Generation], ...] = ()
    problem: UserError | None = None
    warned: tuple[str, ...] = ()


Asked: TypeAlias = tuple[list[str], int]
"""Prompts, and the most new tokens."""


def work(parent: Connection) -> None:
    """Load what the first message says, then answer until the other side is gone."""
    order: Order = parent.recv()
    module, _, function = order.make.partition(":")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            engine: Engine = getattr(importlib.import_module(module), function)(order.target)
        except UserError as error:
            parent.send(Answer(problem=error))
            return
    parent.send(Answer(warned=tuple(str(w.message) for w in caught if issubclass(w.category, UserWarning))))
    while True:
        prompts, max_new_tokens = parent.recv()
        parent.send(_answer(engine, prompts, max_new_tokens))


def _answer(engine: Engine, prompts: Sequence[str], max_new_tokens: int) -> Answer:
    try:
        return Answer(tuple(engine.generate(prompts, max_new_tokens=max_new_tokens)))
    except UserError as error:
        return Answer(problem=error)


def main(arguments: Sequence[str]) -> int:
    """Work on these cores only, so that torch takes as many threads; Ctrl-C is for the process that asks."""
    socket, *mine = map(int, arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_to(mine)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # nobody asks any more
        work(Connection(socket))
    return 0
