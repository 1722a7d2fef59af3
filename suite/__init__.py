"""What must hold: cases, strict parsing, contracts, statistics, engines, the gate and its pytest plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from suite.gating import gate

__all__ = ["gate"]


def __getattr__(name: str) -> Any:
    """`gate`, loaded when it is asked for: the plugin is part of every pytest run and must not bring Hypothesis."""
    if name != "gate":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from suite.gating import gate

    return gate
