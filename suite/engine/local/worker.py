"""One of the processes behind a PooledEngine, which starts it with
`python -P -m suite.engine.local SOCKET PARENT BY_KERNEL CORE...`, see `main`."""

from __future__ import annotations

import importlib
import signal
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

from fixtures.cores import end_with_parent, keep_to
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
    """Replies to what was asked, by its index there, or why there are none; `warned` is what loading warned of.

    With `more`, other answers to the same question follow. `fault` is the traceback of what should not have happened.
    """

    replies: tuple[tuple[int, Generation], ...] = ()
    problem: UserError | None = None
    warned: tuple[str, ...] = ()
    more: bool = False
    fault: str = ""


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
        try:
            if isinstance(message, Order):
                last = _load(message, engines)
            else:
                # One by one: what is finished is not lost when this process is killed in the middle of a batch.
                replies = engines[message.engine].generate(message.prompts, max_new_tokens=message.max_new_tokens)
                for reply in replies:
                    parent.send(Answer((reply,), more=True))
                last = Answer()
        except UserError as error:
            last = Answer(problem=error)
        except MemoryError:
            last = Answer(problem=out_of_memory())
        except (EOFError, BrokenPipeError, ConnectionResetError):
            raise
        except Exception as error:
            # How torch says it of a processor's memory.
            lacking = "can't allocate memory" in str(error)
            last = Answer(problem=out_of_memory()) if lacking else Answer(fault=traceback.format_exc())
        parent.send(last)


def _load(order: Order, engines: list[Engine]) -> Answer:
    module, _, function = order.make.partition(":")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        engines.append(getattr(importlib.import_module(module), function)(order.target))
    return Answer(warned=tuple(str(w.message) for w in caught if issubclass(w.category, UserWarning)))


def out_of_memory(how: str = "asked for more than there is") -> UserError:
    """What to tell of a process that `how`: this machine is too small for it, which no adapter is to blame for."""
    hint = "--processes 1 needs the memory of one model only; or a machine with more, or a smaller base"
    return UserError("the memory of this machine", f"a process that answers prompts {how}", hint=hint)


def main(arguments: Sequence[str]) -> int:
    """Work on these cores only, so that torch takes as many threads; Ctrl-C is for the process that asks."""
    socket, parent, by_kernel, *mine = map(int, arguments)
    end_with_parent(parent, by_kernel=bool(by_kernel))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_to(mine)
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):  # nobody asks any more
        work(Connection(socket))
    return 0
