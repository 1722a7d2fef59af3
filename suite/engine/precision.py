"""In which dtype a gate's engines compute: as said, or the faster one of those that the machine has built in.

`auto` is measured, not guessed: which of two is faster depends on the model, on how long prompts and replies are, and
on the processor. The first prompts that a gate asks are answered in each; what was found is kept beside the reply
cache, so that the next gate on this machine needs no model to know under which keys its replies are.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from fixtures.cores import AUTO, BFLOAT16, DTYPES, FLOAT32, cores, has_bfloat16
from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.versions import installed
from suite.engine.local.pool import GPUS, PooledEngine
from suite.engine.protocol import Engine
from suite.reply import Generation

FILE = "precision.json"
ASKED = 16
"""Prompts that are timed: what a batch of families and of whole prompts takes, without the time for many batches."""
WORTH = 1.1
"""As fast as float32 must another dtype be to be taken for it: it computes with fewer digits."""

Start = Callable[[str, Engine | None], Engine]
"""Makes an engine that computes in a dtype, beside another one."""


def built_in() -> tuple[str, ...]:
    """The dtypes that `auto` measures; float32 first.

    Never float16: it is as fast as bfloat16 at best, and the values of some models leave its range.
    """
    return (FLOAT32, "bfloat16") if has_bfloat16() else (FLOAT32,)


@dataclass
class Settled:
    """An engine in the dtype that was taken, and the replies it gave while it was timed, by their prompts."""

    engine: Engine
    replies: dict[str, Generation]


@dataclass
class Precision:
    """The one dtype of a gate's engines; `auto` until the first of them is asked on a machine that has a choice.

    `base` is the hash of the base, `cache` the folder where what was measured is kept.
    """

    dtype: str
    base: str
    cache: Path
    clock: Callable[[], float] = time.perf_counter
    _seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.dtype != AUTO:
            return
        self._seconds = recall(self.cache, self.base)
        if not self._seconds and len(built_in()) == 1:
            self._seconds = {FLOAT32: 0.0}  # so that the next gate need not load torch to ask again
            _remember(self.cache, self.base, self._seconds)
        if self._seconds:
            self.dtype = faster(self._seconds)

    def settle(self, start: Start, prompts: Sequence[str], max_new_tokens: int) -> Settled:
        """Answer the first of these prompts in each dtype, and take the faster one.

        One engine at a time is in memory, unless they are in processes of their own, which are for small bases.
        """
        taken: dict[str, dict[str, Generation]] = {}
        # Fewer prompts several times: one alone would be timed by chance.
        sample = list(islice(cycle(prompts), ASKED)) if len(prompts) < ASKED else list(prompts[:ASKED])
        engine: Engine | None = None
        for last in built_in():
            beside = engine if isinstance(engine, PooledEngine) else None
            engine = None
            engine = _started(start, last, beside)
            list(engine.generate(sample[:2], max_new_tokens=2))  # what a first pass sets up is not timed
            begun = self.clock()
            replies = list(engine.generate(sample, max_new_tokens=max_new_tokens))
            self._seconds[last] = self.clock() - begun
            taken[last] = {sample[index]: reply for index, reply in replies}
        self.dtype = faster(self._seconds)
        if self.dtype != last:
            beside = engine if isinstance(engine, PooledEngine) else None
            engine = None
            engine = _started(start, self.dtype, beside)
        assert engine
        _remember(self.cache, self.base, self._seconds)
        return Settled(engine, taken[self.dtype])


def _started(start: Start, dtype: str, beside: Engine | None) -> Engine:
    """An engine in this dtype, once the one before is gone; only engines in processes stay beside each other."""
    gc.collect()
    return start(dtype, beside)


def faster(seconds: dict[str, float]) -> str:
    """The dtype that took the least time, float32 where it is hardly slower."""
    best = min(seconds, key=seconds.__getitem__, default=FLOAT32)
    return best if seconds and seconds[FLOAT32] > WORTH * seconds[best] else FLOAT32


def told(cache: Path, base: str, dtype: str) -> str:
    """What was measured here on this base, in words; empty if nothing was."""
    seconds = recall(cache, base)
    if len(seconds) < 2 or dtype not in seconds:
        return ""
    (other,) = (name for name in seconds if name != dtype)
    ratio = seconds[other] / seconds[dtype]
    return f"answers in {dtype}, measured {ratio:.2f} times as fast as {other} on this machine; see --dtype"


def recall(cache: Path, base: str) -> dict[str, float]:
    """The seconds in each dtype that were measured for this base on this machine; empty if none were."""
    found = _read(cache / FILE).get(_key(base), {})
    if not isinstance(found, dict) or FLOAT32 not in found:
        return {}
    return dict(found) if all(name in DTYPES and _is_time(taken) for name, taken in found.items()) else {}


def _is_time(value: object) -> bool:
    return isinstance(value, float) and 0 <= value < float("inf")


def _remember(cache: Path, base: str, seconds: dict[str, float]) -> None:
    with suppress(UserError):  # the next gate measures again
        write_text(cache / FILE, json.dumps({**_read(cache / FILE), _key(base): seconds}, indent=1) + "\n")


def _read(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _key(base: str) -> str:
    """The base, and all of the machine that decides how fast it is."""
    gpu = any(Path(device).exists() for device in GPUS)
    parts = [platform.machine(), _processor(), f"{len(cores())} cores", "GPU" if gpu else "no GPU"]
    return "; ".join([base, *parts, *installed("torch").values(), os.environ.get(BFLOAT16, "")])


def _processor() -> str:
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor()
