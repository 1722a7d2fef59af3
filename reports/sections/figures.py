"""The page's sections on figures over a whole sample: curves of confidence, and statistics with their intervals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from reports.chart import reliability
from suite.outcome import Bin, Ceiling, ContractResult, Interval, NoWorse, Results
from suite.results.wording import percent

Named = Collection[tuple[str, Interval]]


def section(results: Results) -> list[dict[str, Any]]:
    """One for each contract that has figures; those against a champion have a section of their own."""
    return [found for c in results.contracts if not isinstance(c.bar, NoWorse) and (found := _figures(c))]


def _figures(contract: ContractResult) -> dict[str, Any] | None:
    """Curves and figures of one contract, each kind of confidence apart; None if it has none."""
    kinds = [kind for kind, points in contract.curves.items() if points]
    own = {name for kind in kinds for name in contract.measures if name.startswith(f"{kind} ")}
    shown_above = {contract.bar.statistic} if isinstance(contract.bar, Ceiling) else set()
    rest = [(name, x) for name, x in contract.measures.items() if name not in own | shown_above]
    if not kinds and not rest:
        return None
    told = [f"{len(kinds)} curve{'s' * (len(kinds) > 1)} of confidence"] if kinds else []
    told += [f"{len(own) + len(rest)} figures"] if own or rest else []
    return {
        "name": contract.name,
        "note": ", ".join(told),
        "curves": [_curve(contract, kind) for kind in kinds],
        "measure_head": _head(rest),
        "measures": _rows(rest),
    }


def _curve(contract: ContractResult, kind: str) -> dict[str, Any]:
    points = contract.curves[kind]
    named = [(n.removeprefix(f"{kind} "), x) for n, x in contract.measures.items() if n.startswith(f"{kind} ")]
    return {
        "title": f"{kind.capitalize()} confidence",
        "chart": reliability(kind, points),
        "measure_head": _head(named),
        "measures": _rows(named),
        "bin_head": ("Confidence", "Right", f"{percent(points[0].accuracy.level)} interval", "Cases"),
        "bins": _bins(points),
    }


def _head(named: Named) -> tuple[str, str, str]:
    return "Figure", "Estimate", f"{' / '.join(sorted({percent(x.level) for _, x in named}))} interval"


def _rows(named: Named) -> list[tuple[str, str, str]]:
    return [(n.replace("_", " "), f"{x.estimate:.3f}", f"{x.low:.3f} to {x.high:.3f}") for n, x in named]


def _bins(points: Sequence[Bin]) -> list[tuple[str, str, str, str]]:
    pairs = [(point, point.accuracy) for point in points]
    return [
        (f"{p.confidence:.3f}", f"{x.estimate:.3f}", f"{x.low:.3f} to {x.high:.3f}", str(p.count)) for p, x in pairs
    ]
