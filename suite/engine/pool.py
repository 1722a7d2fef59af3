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
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from fixtures.cores import cores, share
from fixtures.errors import UserError
from suite.engine.batching import ON_CPU, Batch, Limits, plan
from suite.engine.identify import Target
from suite.engine.worker import Answer, Order
from suite.outcome import Generation

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
    """An engine for this target in so many processes; they end when the engine is let go of.

    `make` is the `module:function` that makes the engine of each process from the target. Batches are planned as in one
    process, by characters instead of tokens, so replies differ by rounding at most.
    """

    def __init__(self, target: Target, processes: int, make: str = "suite.engine:load_engine") -> None:
        self.identity, self.format = target.identity, target.format
        self._where = f"--adapter {target.identity.adapter} on --base {target.identity.base}"
        running = ExitStack()
        self._end = weakref.finalize(self, running.close)
        order = Order(replace(target, calibrator=None), make)
        try:
            self._workers = [_start(order, share(number, processes), running) for number in range(processes)]
            warned = [self._received(worker).warned for worker in self._workers]
        except BaseException:
            self._end()
            raise
        for text in warned[0]:  # all of them warn of the same
            warnings.warn(text, stacklevel=2)

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        """Replies as batches finish, longest prompts first."""
        waiting, idle = deque(self._parts(prompts, max_new_tokens)), list(self._workers)
        busy: dict[Connection, Batch] = {}
        try:
            while waiting or busy:
                while waiting and idle:
                    worker, part = idle.pop(), waiting.popleft()
                    worker.send(([prompts[row] for row in part.rows], max_new_tokens))
                    busy[worker] = part
                for worker in [found for found in wait(list(busy)) if isinstance(found, Connection)]:
                    rows = busy.pop(worker).rows
                    idle.append(worker)
                    yield from ((rows[index], reply) for index, reply in self._received(worker).replies)
        finally:
            for worker in busy:  # what is still to come must not be taken for the answer to the next question
                with suppress(EOFError, ConnectionResetError):
                    worker.recv()

    def _parts(self, prompts: Sequence[str], max_new_tokens: int) -> Iterator[Batch]:
        each = -(-len(prompts) // len(self._workers))
        limits = Limits(rows=max(1, min(ON_CPU.rows, each)), tokens=sys.maxsize)
        return plan([prompt.encode() for prompt in prompts], limits, new_tokens=max_new_tokens)

    def _received(self, worker: Connection) -> Answer:
        try:
            answer: Answer = worker.recv()
        except (EOFError, ConnectionResetError) as error:
            hint = "see above; if memory ran out, `taskset -c 0` before the command makes it one process"
            raise UserError(self._where, "a process that answers prompts has ended", hint=hint) from error
        if answer.problem:
            raise answer.problem
        return answer


def _start(order: Order, mine: Sequence[int], running: ExitStack) -> Connection:
    ours, theirs = socket.socketpair()
    with theirs:
        command: list[Any] = [sys.executable, "-m", "suite.engine", theirs.fileno(), *mine]
        environment = {"OMP_NUM_THREADS": str(len(mine)), **os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        process = subprocess.Popen(list(map(str, command)), env=environment, pass_fds=[theirs.fileno()])
    connection = Connection(ours.detach())
    running.callback(process.wait)
    running.callback(connection.close)  # the first to be called, and what makes the process end
    connection.send(order)
    return connection
