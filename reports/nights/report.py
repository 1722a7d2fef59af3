"""What a night comes to: standings, what moved, which counterexamples came and went, and the exit code by policy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from reports.nights.index import History, Line
from reports.nights.moved import Move
from suite.anchored import Anchor
from suite.results.wording import percent


@dataclass(frozen=True, slots=True)
class Found:
    """One adapter up to a night: its nights, the oldest first, and what moved in them, the latest first."""

    name: str
    lines: tuple[Line, ...]
    moves: tuple[Move, ...]
    anchors: Mapping[str, Anchor]

    @property
    def last(self) -> Line:
        return self.lines[-1]

    @property
    def new(self) -> list[Move]:
        """What was seen to move on the last night."""
        return [move for move in self.moves if move.seen == self.last.night]

    @property
    def came(self) -> list[str]:
        """Counterexamples of the last night that the one before did not have, by contract and request."""
        return [one for one in self.last.found if one not in self._before]

    @property
    def went(self) -> list[str]:
        return [one for one in self._before if one not in self.last.found]

    @property
    def _before(self) -> tuple[str, ...]:
        ran = [line for line in self.lines[:-1] if line.standing != "gap"]
        return ran[-1].found if ran and self.last.standing != "gap" else self.last.found


@dataclass(frozen=True, slots=True)
class Report:
    """All adapters on the night of this name; `false_alarms` is the stated rate a month."""

    night: str
    found: tuple[Found, ...]
    false_alarms: float

    def reasons(self, fail_on: tuple[str, ...]) -> list[str]:
        """Why this night is red; empty if it is green."""
        told = []
        for one in self.found:
            if one.last.standing in fail_on:
                told.append(f"{one.name}: {standing_text(one.last)}")
            if "moved" in fail_on:
                told += [f"{one.name}: {move_text(move)}" for move in one.new if move.worse]
        return told


def standing_text(line: Line) -> str:
    """How an adapter stands on a night, in words."""
    if line.standing == "gap":
        return f"could not be gated: {' '.join(line.problem.split())}"
    bad = [figure.contract for figure in line.figures if figure.gating and figure.verdict != "pass"]
    return f"gate closed by {', '.join(bad)}" if bad else line.standing


def up_to(history: History, night: str) -> dict[str, tuple[Line, ...]]:
    """The history as it was after this night."""
    from reports.nights.record import key_of

    cut = {
        name: tuple(line for line in lines if key_of(line.night) <= key_of(night)) for name, lines in history.items()
    }
    return {name: lines for name, lines in cut.items() if lines and lines[-1].night == night}


def move_text(move: Move) -> str:
    """One sentence about a move."""
    way = "fell" if move.worse else "rose"
    rates = f"{move.before.rate:.0%} to {move.after.rate:.0%}"
    return f"{move.series} {way} from {rates} on {move.first} (seen on {move.seen})"


def markdown(report: Report, reasons: list[str]) -> str:
    """The night as Markdown, for a job's summary."""
    lines = [f"## callproof, night {report.night}", "", "red" if reasons else "green", ""]
    lines += [*(f"- {_safe(reason)}" for reason in reasons), ""] if reasons else []
    lines += ["| adapter | gate | nights | moved in them |", "| --- | --- | --- | --- |"]
    for one in report.found:
        gaps = sum(line.standing == "gap" for line in one.lines)
        ran = f"{len(one.lines) - gaps}" + (f" and {gaps} gaps" if gaps else "")
        moved = "<br>".join(_safe(move_text(move)) for move in one.moves[:5]) or "nothing"
        lines.append(f"| {_safe(one.name)} | {_safe(standing_text(one.last))} | {ran} | {moved} |")
    for one in report.found:
        for move in one.new:
            causes = "; ".join(move.causes) or "nothing that is known"
            told = f"**{_safe(one.name)}: {_safe(move_text(move))}.** Changed then: {_safe(causes)}."
            lines += ["", f"{told} {_safe(move.attributed)}".rstrip()]
    alarms = percent(report.false_alarms)
    lines += ["", f"In a month in which nothing moves, an adapter has a false alarm in {alarms} of cases at most."]
    return "\n".join(lines) + "\n"


def _safe(text: str) -> str:
    """Names and requests come from anywhere; none of them may be markup."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("`", "'")
    return " ".join(escaped.replace("[", "\\[").split())


def junit(report: Report, fail_on: tuple[str, ...]) -> str:
    """The night as JUnit XML: one suite an adapter, with its gate, its contracts and what moved tonight."""
    top = ElementTree.Element("testsuites", name=f"callproof {report.night}")
    for one in report.found:
        suite = ElementTree.SubElement(top, "testsuite", name=one.name)
        gap = one.last.standing == "gap"
        gate = ElementTree.SubElement(suite, "testcase", classname=one.name, name="gate")
        if gap:
            ElementTree.SubElement(gate, "error", message=_xml(standing_text(one.last)))
        for figure in one.last.figures:
            case = ElementTree.SubElement(suite, "testcase", classname=one.name, name=figure.contract)
            if figure.gating and figure.verdict != "pass":
                ElementTree.SubElement(case, "failure", message=f"{figure.verdict}: {figure.held} of {figure.trials}")
        for move in one.new:
            case = ElementTree.SubElement(suite, "testcase", classname=one.name, name=_xml(f"moved: {move.series}"))
            if move.worse and "moved" in fail_on:
                ElementTree.SubElement(case, "failure", message=_xml(move_text(move)))
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("errors", str(len(suite.findall("testcase/error"))))
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=True) + "\n"


def _xml(text: str) -> str:
    """What XML can hold of a text."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def as_json(report: Report, reasons: list[str]) -> dict[str, object]:
    """The night for other programs."""
    return {
        "night": report.night,
        "red": bool(reasons),
        "reasons": reasons,
        "false_alarms_a_month": report.false_alarms,
        "adapters": [
            {
                "name": one.name,
                "standing": one.last.standing,
                "problem": one.last.problem,
                "moved": [_move_json(move, one.last.night) for move in one.moves],
                "counterexamples_came": one.came,
                "counterexamples_went": one.went,
            }
            for one in report.found
        ],
    }


def _move_json(move: Move, night: str) -> dict[str, object]:
    plain = ("series", "last", "first", "seen", "attributed")
    shares = {side: {"kept": s.kept, "asked": s.asked} for side, s in (("before", move.before), ("after", move.after))}
    return {name: getattr(move, name) for name in plain} | shares | {
        "worse": move.worse, "new": move.seen == night, "causes": list(move.causes), "also": list(move.others)
    }  # fmt: skip
