"""Several processes of this machine that answer together, each with the model and its share of the cores.

A base as small as the embedded one has too little to do in a layer for two threads to share it: on two cores, two
processes write 1.19 times the replies a second of one with two threads (`python -m benchmarks.processes --cases 160
--rounds 2`), the same ones.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
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
from fixtures.printing import printable
from suite.engine.local.batching import ON_CPU, Batch, Limits, plan
from suite.engine.local.worker import Answer, Asked, Order, out_of_memory
from suite.engine.target.identify import Target
from suite.reply import Generation

SMALL_BYTES = 64 * 2**20
"""Of a base's weights; a larger base keeps all cores busy by itself, and its copies would fill the memory."""
MOST = 4
"""Processes; each takes seconds to start."""
_LAST_WORDS_SECONDS = 1.0
"""Between the end of a process's connection and its own."""
GPUS = ("/dev/nvidia0", "/dev/kfd")
"""Devices that are there where this machine has a GPU that torch can use: to know it without loading torch."""


def processes_for(target: Target) -> int:
    """How many processes answer fastest: one for each core with a small base on a processor, else this one alone."""
    if any(Path(device).exists() for device in GPUS):
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
        self._number = pool.load(Order(replace(target, calibrator=None), make))

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        """Replies as they end, longest prompts first."""
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
                    self._pool.ask(worker, Asked(self._number, [prompts[row] for row in part.rows], max_new_tokens))
                    busy[worker] = part
                for worker in [found for found in wait(list(busy)) if isinstance(found, Connection)]:
                    rows = busy[worker].rows
                    answer = self._pool.received(worker)
                    if not answer.more:
                        del busy[worker]
                        idle.append(worker)
                    yield from ((rows[index], reply) for index, reply in _kept(answer).replies)
        except KeyboardInterrupt:  # nobody waits for what they are at
            self._pool.end()
            raise
        finally:
            for worker in busy:  # what is still to come must not be taken for the answer to the next question
                self._pool.drain(worker)

    def _parts(self, prompts: Sequence[str], max_new_tokens: int) -> Iterator[Batch]:
        """Batches as large as one process has them, or smaller, so that no worker waits for a last one of another."""
        workers = len(self._pool.workers)
        turns = workers * -(-len(prompts) // (workers * ON_CPU.rows))
        limits = Limits(rows=max(1, -(-len(prompts) // max(1, turns))), tokens=sys.maxsize)
        return plan([prompt.encode() for prompt in prompts], limits, new_tokens=max_new_tokens)


class WorkerFault(RuntimeError):
    """Something went wrong in another process that no person can repair; its traceback is the text."""


class Pool:
    """The processes behind engines; they end when this is let go of, when one of them ends, or with this process."""

    def __init__(self, processes: int) -> None:
        running = ExitStack()
        self.end = weakref.finalize(self, running.close)
        self._started = dict(_start(share(number, processes), running) for number in range(processes))
        self.workers = list(self._started)
        self._lost: UserError | None = None
        self._engines = 0

    def load(self, order: Order) -> int:
        """Have every process make an engine, and return its number; raises UserError if none is."""
        try:
            for worker in self.workers:
                self.ask(worker, order)
            answers = [self.received(worker) for worker in self.workers]
        except KeyboardInterrupt:
            self.end()
            raise
        for answer in answers:
            _kept(answer)
        for text in answers[0].warned:  # all of them warn of the same
            warnings.warn(printable(text), stacklevel=2)
        self._engines += 1
        return self._engines - 1

    def ask(self, worker: Connection, message: Order | Asked) -> None:
        """Send it; raises UserError if there is no such process any more."""
        if self._lost:
            raise self._lost
        try:
            worker.send(message)
        except OSError:
            raise self._loss(worker) from None

    def received(self, worker: Connection) -> Answer:
        """What a process answers; raises UserError if there is no such process any more."""
        try:
            answer: Answer = worker.recv()
        except (EOFError, OSError):
            raise self._loss(worker) from None
        return answer

    def drain(self, worker: Connection) -> None:
        """Hear a process out, if it is still there."""
        with suppress(EOFError, OSError):
            while not self._lost and worker.recv().more:
                pass

    def _loss(self, worker: Connection) -> UserError:
        """What to tell of a process that is gone, now and whenever one of them is asked again; the others end too."""
        if not self._lost:
            with suppress(subprocess.TimeoutExpired):
                self._started[worker].wait(_LAST_WORDS_SECONDS)
            self._lost = _ended(self._started[worker].poll())
            self.end()
        return self._lost


def _ended(status: int | None) -> UserError:
    """What to tell of a process with this exit status; a negative one is the signal that killed it."""
    if status == -signal.SIGKILL:
        return out_of_memory("was killed, as a system does when its memory runs out")
    how = f"was killed by signal {-status}" if status and status < 0 else f"ended with status {status}"
    hint = "what it wrote stands above; --processes 1 has no others"
    return UserError("this machine", f"a process that answers prompts {how}", hint=hint)


def _kept(answer: Answer) -> Answer:
    """The answer, unless it says why there is none."""
    if answer.problem:
        raise answer.problem
    if answer.fault:
        raise WorkerFault(f"in a process that answers prompts:\n{answer.fault}")
    return answer


def _start(mine: Sequence[int], running: ExitStack) -> tuple[Connection, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair()
    main = threading.current_thread() is threading.main_thread()
    with theirs:
        # -P: the folder one stands in is no place to import from, unless this process does so too.
        command: list[Any] = [sys.executable, "-P", "-m", "suite.engine.local", theirs.fileno(), os.getpid(), int(main)]
        environment = {"OMP_NUM_THREADS": str(len(mine)), **os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(entry or os.getcwd() for entry in sys.path)
        process = subprocess.Popen([*map(str, command), *map(str, mine)], env=environment, pass_fds=[theirs.fileno()])
    connection = Connection(ours.detach())
    running.callback(process.wait)
    running.callback(process.kill)  # it keeps nothing, and may be at something that takes long
    running.callback(connection.close)
    return connection, process
