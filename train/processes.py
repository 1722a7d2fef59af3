"""Several processes that train one adapter together, as `--processes N` or torchrun starts them: one speaks for all."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from collections.abc import Callable
from multiprocessing.connection import wait

from fixtures.cores import end_with_parent, keep_to, share
from fixtures.errors import UserError

_RANK, _COUNT = "RANK", "WORLD_SIZE"
"""Set by torchrun and by `together`, and read by accelerate too; absent where there is one process only."""


def is_main() -> bool:
    """Whether this process makes files and tells people what goes on; the others only compute."""
    return os.environ.get(_RANK, "0") == "0"


def count() -> int:
    """How many processes this one is of."""
    return int(os.environ.get(_COUNT, "1"))


def check_alone(backend: str) -> None:
    """Raise UserError if there are several processes, for a backend that cannot share its work among them."""
    if count() != 1:
        raise UserError(
            f"train {backend}",
            f"it was started in {count()} processes, and runs in one",
            hint="no --processes, and no torchrun",
        )


def together(processes: int, work: Callable[[], int]) -> int:
    """Run `work` in so many processes of this machine and return the first exit status that is not 0, or 0.

    Each has its share of the cores, and the variables by which torch and accelerate know the others. If one of them
    fails, which it tells by itself, the others are stopped: they would wait for it. They end with this process, too.
    `work` has to be picklable. Raises UserError if one was killed.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    given = (os.getpid(), processes, port, work)
    started = [context.Process(target=_one, args=(rank, *given)) for rank in range(processes)]
    for process in started:
        process.start()
    try:
        running = list(started)
        while running and not any(process.exitcode for process in started):
            wait([process.sentinel for process in running])
            running = [process for process in running if process.exitcode is None]
        status = next((process.exitcode for process in started if process.exitcode), 0)
    finally:
        for process in started:
            process.terminate()
            process.join()
    if status < 0:
        hint = "if memory ran out, fewer of them; with --resume it goes on from the last checkpoint"
        raise UserError("--processes", f"a process was killed by signal {-status}", hint=hint)
    return status


def _one(rank: int, parent: int, processes: int, port: int, work: Callable[[], int]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that waits for us tells it, once
    end_with_parent(parent)
    os.environ |= {
        _RANK: str(rank), "LOCAL_RANK": str(rank), _COUNT: str(processes), "LOCAL_WORLD_SIZE": str(processes),
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
    }  # fmt: skip
    mine = share(rank, processes)
    keep_to(mine)
    os.environ.setdefault("OMP_NUM_THREADS", str(len(mine)))  # or accelerate warns that nobody said it
    raise SystemExit(work())
