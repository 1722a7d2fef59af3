"""A night as one page that needs no script and no network: what moved first, then every adapter with its trends."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from reports import markup
from reports.chart import TREND_BOTTOM, TREND_LEFT, TREND_TOP, TREND_WIDTH, Axis, Trend, polyline
from reports.nights.facts import changed
from reports.nights.index import Line
from reports.nights.report import Found, Report, move_text, standing_text
from suite.results.wording import percent
from suite.statistics.nights import Share

HERE = Path(__file__).parent
SHOWN = 60
"""Nights on a page."""
_SCALE = ((TREND_TOP, "100%"), ((TREND_TOP + TREND_BOTTOM) / 2, "50%"), (TREND_BOTTOM, "0%"))
_MOST_CASES = 20


def render(report: Report, reasons: Sequence[str]) -> str:
    """The page as text."""
    closed = sum(one.last.standing != "passed" for one in report.found)
    standing = f"{len(report.found) - closed} of {len(report.found)} adapters passed; {_count(report)} moved tonight"
    alarms = percent(report.false_alarms)
    note = (
        "What moved is told from the anchors alone, the same cases every night, paired night by night. In a month in"
        f" which nothing moves, an adapter has a false alarm with a probability of {alarms} at most. In the charts, a"
        " dashed line is where something moved, a dotted one where something else changed, and a band is a night that"
        " could not run."
    )
    return markup.render(
        "night.html.jinja",
        report=report, reasons=list(reasons), style=markup.style(HERE / "night.css"), standing=standing, note=note,
        adapters=[_adapter(one) for one in report.found],
    )  # fmt: skip


def _count(report: Report) -> str:
    count = sum(len(one.new) for one in report.found)
    return {0: "nothing", 1: "one thing"}.get(count, f"{count} things")


def _adapter(one: Found) -> dict[str, Any]:
    lines = one.lines[-SHOWN:]
    gaps = sum(line.standing == "gap" for line in lines)
    return {
        "found": one,
        "standing": standing_text(one.last),
        "strip": [{"class": line.standing, "said": f"{line.night}: {standing_text(line)}"} for line in lines],
        "strip_note": f"{len(lines)} nights, the last one on the right; {gaps or 'no'} gap{'' if gaps == 1 else 's'}",
        "moves": [_move(one, lines, move) for move in one.moves],
        "changes": [(night, said) for night, said in reversed(_changes(lines)) if said],
        "rows": [_row(one, lines, figure) for figure in one.last.figures],
        "counterexamples": (("that came", one.came), ("that went", one.went)),
    }


def _changes(lines: Sequence[Line]) -> list[tuple[str, list[str]]]:
    """By night, what was another thing than on the night before that ran."""
    ran = [line for line in lines if line.facts]
    return [(other.night, changed(line.facts, other.facts)) for line, other in pairwise(ran)]


def _move(one: Found, lines: Sequence[Line], move: Any) -> dict[str, Any]:
    lost = [f"{one.anchors[name].case.request}" for name in move.lost[:_MOST_CASES] if name in one.anchors]
    return {
        "move": move, "text": move_text(move), "new": move.seen == one.last.night, "lost": lost,
        "before": _share(move.before), "after": _share(move.after), "chart": _chart(one, lines, move.series),
    }  # fmt: skip


def _row(one: Found, lines: Sequence[Line], figure: Any) -> dict[str, Any]:
    told = f"{figure.held} of {figure.trials}" if figure.trials else "no case"
    tonight = told + ("" if figure.gating else ", does not gate")
    return {
        "contract": figure.contract, "verdict": figure.verdict, "tonight": tonight,
        "chart": _chart(one, lines, figure.contract),
    }  # fmt: skip


def _share(share: Share) -> str:
    return f"{share.kept} of {share.asked} ({share.rate:.0%})"


def _chart(one: Found, lines: Sequence[Line], series: str) -> Trend | None:
    """The series over these nights; None if no night asked it."""
    names = {name for name, anchor in one.anchors.items() if series in anchor.series}
    shares = [_of(line, names) for line in lines]
    if not any(shares):
        return None
    step = (TREND_WIDTH - TREND_LEFT) / len(lines)
    centre = [TREND_LEFT + (place + 0.5) * step for place in range(len(lines))]
    up = Axis(0.0, 1.0, TREND_BOTTOM, TREND_TOP)
    dots = [(x, up.at(share.rate)) if share else None for x, share in zip(centre, shares, strict=True)]
    marks = [
        (line.night, move.worse)
        for line in lines
        for move in one.moves
        if move.first == line.night and series in (move.series, *move.others)
    ]
    x_of = {line.night: x - step / 2 for line, x in zip(lines, centre, strict=True)}
    last = next(share for share in reversed(shares) if share)
    return Trend(
        scale=_SCALE,
        said=f"{series}: {last.rate:.0%} at last, over {len(lines)} nights",
        dots=tuple((round(dot[0], 1), round(dot[1], 1)) for dot in dots if dot),
        lines=tuple(map(polyline, _unbroken(dots))),
        gaps=tuple(round(x - step / 2, 1) for x, share in zip(centre, shares, strict=True) if share is None),
        marks=tuple((round(x_of[night], 1), worse) for night, worse in marks),
        changes=tuple(round(x_of[night], 1) for night, said in _changes(lines) if said),
        ends=(lines[0].night, lines[-1].night),
        step=round(step, 1),
    )


def _of(line: Line, names: set[str]) -> Share | None:
    kept = [line.anchors[name] for name in names & line.anchors.keys()]
    return Share(sum(kept), len(kept)) if kept else None


def _unbroken(dots: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    """The stretches between gaps."""
    parts: list[list[tuple[float, float]]] = [[]]
    for dot in dots:
        if dot is None:
            parts.append([])
        else:
            parts[-1].append(dot)
    return [part for part in parts if len(part) > 1]
