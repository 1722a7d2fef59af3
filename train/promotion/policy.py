"""Whether one set of bars lets more through than another; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

BarOf: TypeAlias = Mapping[str, Any]
"""A bar as it stands in results files: its `kind`, its numbers, and whether it is `gating`."""


def weaker(before: Mapping[str, BarOf], after: Mapping[str, BarOf], *, compared: bool) -> tuple[str, ...]:
    """What `after` lets through and `before` did not, a line a contract; both have bars by contract.

    The comparison with a champion is asked only where there is one to compare with (`compared`).
    """
    found = []
    for name, bar in before.items():
        if not bar["gating"] or (bar["kind"] == "no_worse" and not compared):
            continue
        if problem := _weaker(bar, after.get(name)):
            found.append(f"{name}: {problem}")
    return tuple(found)


def riskier(before: Mapping[str, float], after: Mapping[str, float]) -> tuple[str, ...]:
    """The error rates of the gate that let more bad adapters through than before."""
    old, new = before.get("beta"), after.get("beta")
    return (f"beta: was {old:g}, is {new:g}",) if old is not None and new is not None and new > old else ()


def bars_of(contracts: Sequence[Mapping[str, Any]]) -> dict[str, BarOf]:
    """The bars of contracts as they stand in results files and records, by name."""
    return {contract["name"]: contract["bar"] for contract in contracts}


def _weaker(before: BarOf, after: BarOf | None) -> str:
    if after is None:
        return "it gated, and is not asked any more"
    if not after["gating"]:
        return "it gated, and does not gate any more"
    match before["kind"], after["kind"]:
        case ("never", "never") if before.get("strict", True) and not after.get("strict", True):
            return "it was strict, and is not any more"
        case ("never", "never"):
            return _moved("bound", before, after) if after["bound"] > before["bound"] else ""
        case ("rate", "rate"):
            return _moved("at_least", before, after) if after["at_least"] < before["at_least"] else ""
        case ("ceiling", "ceiling") if before["statistic"] == after["statistic"]:
            return _moved("at_most", before, after) if after["at_most"] > before["at_most"] else ""
        case ("rate", "never"):
            # A failure rate bounded by `bound` holds at least 1 - bound of the cases.
            return "" if 1 - after["bound"] >= before["at_least"] else f"was {_told(before)}, is {_told(after)}"
        case (old, new) if old == new and old != "ceiling":
            return ""
    return f"was {_told(before)}, is {_told(after)}"


def _moved(number: str, before: BarOf, after: BarOf) -> str:
    return f"{number} was {before[number]:g}, is {after[number]:g}"


def _told(bar: BarOf) -> str:
    numbers = [f"{name} {value}" for name, value in bar.items() if name not in ("kind", "gating", "acceptable")]
    return " ".join([str(bar["kind"]).replace("_", " "), *numbers])
