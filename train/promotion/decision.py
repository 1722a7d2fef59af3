"""Whether an adapter may take a name; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from suite.outcome import Results


@dataclass(frozen=True, slots=True)
class Promote:
    """The gate passed: this adapter, by its content hash, may take the name."""

    adapter_digest: str
    calibrator_digest: str = ""
    """Of its calibrator; empty if it was gated without one."""
    weakened: tuple[str, ...] = ()
    """What the policy lets through and that of the last promotion did not."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The adapter may not take the name, and why."""

    reasons: tuple[str, ...]


Decision: TypeAlias = Promote | Hold


def decide(results: Results, *, weakened: Sequence[str] = (), because: str = "", revoked: str = "") -> Decision:
    """Promote only if there are gating contracts and each of them passed; undecided holds like failed.

    A policy that is weaker than that of the last promotion (`weakened`) holds too, unless somebody says why; so does
    an adapter that was `revoked` (for this reason), whatever the gate says.
    """
    gating = [contract for contract in results.contracts if contract.bar.gating]
    if not gating:
        return Hold(("no gating contract was asked",))
    reasons = [f"{c.name}: {c.verdict.name}, {c.verdict.reason}" for c in gating if c.verdict.name != "pass"]
    if weakened and not because:
        reasons += [f"the policy is weaker than that of the last promotion: {one}" for one in weakened]
    if revoked:
        reasons.append(f"this adapter was revoked: {revoked}")
    if reasons:
        return Hold(tuple(reasons))
    calibrator = results.calibrator.digest if results.calibrator else ""
    return Promote(results.identity.adapter_digest, calibrator, tuple(weakened))
