"""One of the processes behind a PooledEngine, which starts it with `python -m suite.engine.local SOCKET CORE...`."""

from __future__ import annotations

import importlib
import signal
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from fixtures.cores import keep_to
from fixtures.errors import UserError
from suite.engine.protocol import Engine
from suite.engine.target.identify import Target
from suite.reply import Generation


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker has to load, and the `module:function` that makes an engine of it."""

    target: Target
    make: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Replies to what was asked, by its index there, or why there are none; `warned` is what loading warned of."""

    replies: tuple[tuple[int, Generation], ...] = ()
    problem: UserError | None = None
    warned: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """Prompts for the engine of the order with this number, and the most new tokens."""

    engine: int
    prompts: list[str]
    max_new_tokens: int


def work(parent: Connection) -> None:
    """Load and answer as the messages say, until the other side is gone."""
    engines: list[Engine] = []
    while True:
        message: Order | Asked = parent.recv()
        if isinstance(message, Order):
            parent.send(_load(message, engines))
        else:
            parent.send(_answer(engines[message.engine], message.prompts, message.max_new_tokens))


def _load(order: Order, engines: list[Engine]) -> Answer:
    module, _, function = order.make.partition(":")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        try:
            engines.append(getattr(importlib.import_module(module), function)(order.target))
        except UserError as error:
            return Answer(problem=error)
    return Answer(warned=tuple(str(w.message) for w in caught if issubclass(w.category, UserWarning)))


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
