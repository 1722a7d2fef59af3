"""What must hold: cases, strict parsing, contracts, statistics, engines, the gate and its pytest plugin."""

from suite.gating import gate

__all__ = ["gate"]
