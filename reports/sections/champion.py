"""The page's section on the champion: where the challenger loses to it and where it wins, part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from suite.outcome import NoWorse, PairedPart, Results

MOST_PARTS = 8
"""Parts of a contract on a page; the results file has all."""


@dataclass(frozen=True, slots=True)
class Row:
    """A part with the lengths of its two bars, in percent of the drawing's width."""

    part: str
    trials: int
    lost: int
    won: int
    stands_out: bool
    lost_share: float
    won_share: float


def section(results: Results) -> dict[str, Any] | None:
    """What the section shows; None where nothing was compared."""
    found = next((contract for contract in results.contracts if isinstance(contract.bar, NoWorse)), None)
    if found is None:
        return None
    names = list(dict.fromkeys(part.contract for part in found.paired))
    groups = [(name, [part for part in found.paired if part.contract == name]) for name in names]
    most = max((_share(part) for part in found.paired), default=0.0) or 1.0
    differ = [(name, _rows(parts, most)) for name, parts in groups if any(part.lost or part.won for part in parts)]
    alike = [name for name in names if name not in {name for name, _ in differ}]
    lost, won = (sum(getattr(part, side) for part in found.paired if not part.part) for side in ("lost", "won"))
    return {
        "note": f"lost {lost}, won {won} of {found.tally.trials}" if found.paired else found.verdict.name,
        "verdict": found.verdict.reason,
        "groups": differ,
        "alike": f"No case in which the two differ: {', '.join(alike)}." if alike else "",
    }


def _rows(parts: list[PairedPart], most: float) -> list[Row]:
    """The whole first, then the parts that stand out, then those where most is lost."""
    whole = [part for part in parts if not part.part]
    rest = sorted((p for p in parts if p.part), key=lambda p: (not p.stands_out, (p.won - p.lost) / max(1, p.trials)))
    return [_row(part, most) for part in (*whole, *rest[:MOST_PARTS])]


def _share(part: PairedPart) -> float:
    return max(part.lost, part.won) / max(1, part.trials)


def _row(part: PairedPart, most: float) -> Row:
    """On a scale on which the longest bar of all takes its half of the drawing."""
    lost, won = (50 * count / max(1, part.trials) / most for count in (part.lost, part.won))
    return Row(part.part, part.trials, part.lost, part.won, part.stands_out, lost, won)
