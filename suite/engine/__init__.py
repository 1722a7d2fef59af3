"""Engines: what answers prompts. Importing this room loads no model library; `load_engine` does when called.

`identify` says what is to be gated and refuses what cannot be, `load_engine` loads it, `start_engine` does so in
several processes where that is faster, `CachedEngine` keeps its replies in a `ReplyStore`, and `ScriptedEngine` stands
in for all of it in tests.
"""

from __future__ import annotations

from fixtures.cores import FLOAT32
from suite.engine.cached import CachedEngine
from suite.engine.local.pool import PooledEngine, processes_for
from suite.engine.precision import Precision
from suite.engine.protocol import Engine
from suite.engine.scripted import ScriptedEngine
from suite.engine.store import ReplyStore
from suite.engine.target.identify import Target, identify

__all__ = [
    "CachedEngine", "Engine", "PooledEngine", "Precision", "ReplyStore", "ScriptedEngine", "Target", "identify",
    "load_engine", "processes_for", "start_engine",
]  # fmt: skip


def load_engine(target: Target, *, batch_tokens: int | None = None) -> Engine:
    """Load the target's base and adapter, and prove that the adapter is applied; UserError if it is not.

    It computes in the target's dtype, float32 if it has none.

    `batch_tokens` bounds the memory of a batch, as rows times the longest row; the default suits the device.
    """
    # Not at the top: this is what loads torch.
    from suite.engine.local.transformers_engine import load

    known = target if target.identity.dtype else target.in_dtype(FLOAT32)
    return load(known, batch_tokens=batch_tokens)


def start_engine(target: Target, processes: int | None = None, *, beside: Engine | None = None) -> Engine:
    """The target's engine in so many processes of this machine, by default as many as suit it; UserError as above.

    One process is this one. Where an engine of the same base has started processes, one `beside` it needs no others.
    """
    target = target if target.identity.dtype else target.in_dtype(FLOAT32)
    if isinstance(beside, PooledEngine) and beside.identity.base_digest == target.identity.base_digest:
        return beside.beside(target)
    count = processes_for(target) if processes is None else processes
    return PooledEngine(target, count) if count > 1 else load_engine(target)
