"""Several processes of this machine that answer together, each with the model and its share of the cores.

A base as small as the embedded one has too little to do in a layer for two threads to share it: on two cores, two
processes write 1.19 times the replies a second of one with two threads (`python -m benchmarks.processes --cases 160
--rounds 2`), the same ones.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import warnings
import weakref
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from fixtures.cores import cores, share
from fixtures.errors import UserError
from suite.engine.local.batching import ON_CPU, Batch, Limits, plan
from suite.engine.local.worker import Answer, Asked, Order
from suite.engine.target.identify import Target
from suite.reply import Generation

SMALL_BYTES = 64 * 2**20
"""Of a base's weights; a larger base keeps all cores busy by itself, and its copies would fill the memory."""
MOST = 4
"""Processes; each takes seconds to start."""
_GPUS = ("/dev/nvidia0", "/dev/kfd")


def processes_for(target: Target) -> int:
    """How many processes answer fastest: one for each core with a small base on a processor, else this one alone."""
    if any(Path(device).exists() for device in _GPUS):
        return 1
    weights = sum(file.stat().st_size for file in target.base.path.glob("*.safetensors"))
    return min(MOST, len(cores())) if weights <= SMALL_BYTES else 1


class PooledEngine:
    """An engine for this target in so many processes; they end when the last engine in them is let go of.

    `make` is the `module:function` that makes the engine of each process from the target. Batches are planned as in one
    process, by characters instead of tokens, so replies differ by rounding at most.
    """

    def __init__(self, target: Target, processes: int, make: str = "suite.engine:load_engine") -> None:
        self._load(target, make, Pool(processes))

    def beside(self, target: Target) -> PooledEngine:
        """An engine for another target in the same processes, which need not start again."""
        other = object.__new__(PooledEngine)
        other._load(target, self._make, self._pool)
        return other

    def _load(self, target: Target, make: str, pool: Pool) -> None:
        self.identity, self.format = target.identity, target.format
        self._make, self._pool = make, pool
        self._where = f"--adapter {target.identity.adapter} on --base {target.identity.base}"
        self._number = pool.load(Order(replace(target, calibrator=None), make), self._where)

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        """Replies as batches finish, longest prompts first."""
        return self._spread(prompts, self._parts(prompts, max_new_tokens), max_new_tokens)

    def one_by_one(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        """Replies as they get ready, each prompt alone in its batch."""
        return self._spread(prompts, (Batch((row,)) for row in range(len(prompts))), max_new_tokens)

    def _spread(
        self, prompts: Sequence[str], parts: Iterable[Batch], max_new_tokens: int
    ) -> Iterator[tuple[int, Generation]]:
        waiting, idle = deque(parts), list(self._pool.workers)
        busy: dict[Connection, Batch] = {}
        try:
            while waiting or busy:
                while waiting and idle:
                    worker, part = idle.pop(), waiting.popleft()
                    worker.send(Asked(self._number, [prompts[row] for row in part.rows], max_new_tokens))
                    busy[worker] = part
                for worker in [found for found in wait(list(busy)) if isinstance(found, Connection)]:
                    rows = busy.pop(worker).rows
                    idle.append(worker)
                    answer = received(worker, self._where)
                    if answer.problem:
                        raise answer.problem
                    yield from ((rows[index], reply) for index, reply in answer.replies)
        finally:
            for worker in busy:  # what is still to come must not be taken for the answer to the next question
                with suppress(EOFError, ConnectionResetError):
                    worker.recv()

    def _parts(self, prompts: Sequence[str], max_new_tokens: int) -> Iterator[Batch]:
        """Batches as large as one process has them, or smaller, so that no worker waits for a last one of another."""
        workers = len(self._pool.workers)
        turns = workers * -(-len(prompts) // (workers * ON_CPU.rows))
        limits = Limits(rows=max(1, -(-len(prompts) // max(1, turns))), tokens=sys.maxsize)
        return plan([prompt.encode() for prompt in prompts], limits, new_tokens=max_new_tokens)


class Pool:
    """The processes behind engines; they end when this is let go of."""

    def __init__(self, processes: int) -> None:
        running = ExitStack()
        self._end = weakref.finalize(self, running.close)
        self.workers = [_start(share(number, processes), running) for number in range(processes)]
        self._engines = 0

    def load(self, order: Order, where: str) -> int:
        """Have every process make an engine, and return its number; raises UserError, named by `where` if none is."""
        for worker in self.workers:
            worker.send(order)
        answers = [received(worker, where) for worker in self.workers]
        for problem in filter(None, (answer.problem for answer in answers)):
            raise problem
        for text in answers[0].warned:  # all of them warn of the same
            warnings.warn(text, stacklevel=2)
        self._engines += 1
        return self._engines - 1


def received(worker: Connection, where: str) -> Answer:
    """What a process answers; raises UserError, about `where`, if there is no such process any more."""
    try:
        answer: Answer = worker.recv()
    except (EOFError, ConnectionResetError) as error:
        hint = "see above; if memory ran out, `taskset -c 0` before the command makes it one process"
        raise UserError(where, "a process that answers prompts has ended", hint=hint) from error
    return answer


def _start(mine: Sequence[int], running: ExitStack) -> Connection:
    ours, theirs = socket.socketpair()
    with theirs:
        command: list[Any] = [sys.executable, "-m", "suite.engine.local", theirs.fileno(), *mine]
        environment = {"OMP_NUM_THREADS": str(len(mine)), **os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        process = subprocess.Popen(list(map(str, command)), env=environment, pass_fds=[theirs.fileno()])
    connection = Connection(ours.detach())
    running.callback(process.wait)
    running.callback(connection.close)  # the first to be called, and what makes the process end
    return connection
