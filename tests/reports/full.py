"""A gate with everything that a page can show, as it is and with an attack in every text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fixtures.types import user
from reports.nights import page as night
from reports.nights.index import Figure, Line
from reports.nights.moved import Move
from reports.nights.report import Found, Report
from reports.page import render
from suite.anchored import Anchor
from suite.outcome import ContractResult, Interval, NoWorse, PairedPart, PolicyUsed, Results, Slice, Tally, Verdict
from suite.results.file import from_json, to_json
from suite.statistics.nights import Share
from suite.user_rows import Called, ExampleReport, Unjudged
from tests.reports.sample import FAILING, FORGOTTEN, HOSTILE
from tests.suite.results.test_own import OWN

ATTACK = (
    f"{HOSTILE}\"'><img src=x onerror=alert(1)></style></title></svg></details><svg onload=alert(1)>"
    "<a href=javascript:alert(1)>{{ 7 * 7 }}<iframe src=http://example.org></iframe><!--"
)
LONG = "device_with_a_name_that_has_no_end_" * 12
CHOICES = ("kind", "lane", "policy", "started", "type", "statistic")  # keys whose text is not free
OPEN = ("measures", "curves", "catalogs", "libraries", "calls", "files", "tools", "arguments", "aside")  # keys are free
VERDICTS = ("pass", "fail", "undecided", "measured")
CHECK = {
    "data": {"path": "rows.jsonl", "digest": "abcdef0123456789", "rows": 350},
    "findings": [
        {"group": "breaks training", "rule": "too long", "text": "3 rows", "lines": [1, 2, 3], "cure": "cut them"},
        {"group": "worth knowing", "rule": "few rows", "text": "350 rows", "lines": [], "cure": ""},
    ],
    "advice": {"phase": "1: format", "reasons": ["350 rows are under 1,000"]},
    "tokens": {"total": 123456, "longest": 700},
}
LOG = [{"loss": 3.0 / number, "reward": number / 9, "step": float(number)} for number in range(1, 90)]
RIVAL = ContractResult(
    "no_worse_than_champion", "No contract is lost to the champion.", NoWorse(),
    Verdict("fail", "worse than the champion runs/old in chooses_a_tool"), Tally(190, 178), Interval(0.937, 0.89, 0.97),
    paired=(
        PairedPart("chooses_a_tool", "", 100, 12, 2, True),
        PairedPart("chooses_a_tool", "catalog hotel_lights", 50, 11, 1, True),
        PairedPart("chooses_a_tool", "tool set_light", 40, 1, 1),
    ),
)  # fmt: skip
PARTS = (Slice("language", "examples", 6, 8, Interval(0.75, 0.4, 0.95)),)


def full() -> Results:
    """Every kind of section, with failures of contracts that gate and of one that does not."""
    *gating, salvaged = FAILING.contracts
    others = (
        replace(salvaged, counterexamples=(replace(FORGOTTEN, contract=salvaged.name, neighbours=8, broken_beside=5),)),
        replace(salvaged, name="ignores_injected_orders", held_rate=Interval(0.41, 0.3, 0.52), languages=PARTS),
    )
    called = (*OWN.called, Called("open_blinds", "open_blinds", 9), Called("open_blinds", "no call", 3))
    return replace(
        FAILING,
        contracts=(*gating, RIVAL, *others),
        champion=replace(FAILING.identity, adapter="runs/old"),
        own=replace(OWN, called=called, contrary=(("a.jsonl:1", "a.jsonl:2"),)),
        examples=ExampleReport(
            {"mine.jsonl": "0" * 16}, 20, 12, 9, 2, {"make several calls at once": 6}, {"set_light": "examples"},
            Unjudged(30, 21, {"zone": 20}), "all were learned",
        ),
        policy=PolicyUsed("ab12" * 16, ("valid_calls above 70 %, not 95 %",)),
    )  # fmt: skip


def attacked(value: Any, attack: str, key: str = "") -> Any:
    """The same document with every free text, and every free key, replaced."""
    if isinstance(value, dict):
        open_keys = key in (
            "measures",
            "curves",
            "catalogs",
            "libraries",
            "calls",
            "files",
            "tools",
            "arguments",
            "aside",
        )
        return {attack + k if open_keys else k: attacked(v, attack, k) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [attacked(item, attack) for item in value]
    return attack if isinstance(value, str) and key not in CHOICES and value not in VERDICTS else value


def page(attack: str = "") -> str:
    """The page of it; with an attack in every text, if there is one."""
    if not attack:
        return render(full(), "results.json", CHECK, LOG)
    check = attacked(CHECK, attack)
    for one, plain in zip(check["findings"], CHECK["findings"], strict=True):
        one["group"] = plain["group"]  # type: ignore[index]
    return render(from_json(attacked(to_json(full()), attack)), attack, check, LOG)


def night_page(attack: str = "") -> str:
    """The page of a night with a move, a gap and counterexamples that came; with an attack in every text."""
    case = replace(FORGOTTEN.case, messages=(user(attack or "dim the lobby"),))
    anchors = [Anchor(attack or "chooses_a_tool", replace(case, kind=f"{attack or 'plain'} {n}")) for n in range(4)]
    name, series = attack or "hotel", attack or "chooses_a_tool"
    figures = (Figure(series, "fail", True, 2, 4), Figure(attack or "valid_calls", "pass", True, 4, 4))
    lines = [
        Line(
            day, "closed", facts={attack or "library torch": attack + day}, figures=figures,
            anchors={anchor.name: day < "2026-11-03" or n < 2 for n, anchor in enumerate(anchors)},
            found=(attack or "chooses_a_tool: dim the lobby",) if day > "2026-11-03" else (),
        )
        for day in ("2026-11-01", "2026-11-02", "2026-11-04")
    ]  # fmt: skip
    lines.insert(2, Line("2026-11-03", "gap", problem=attack or "there is no such adapter"))
    causes = (attack or "library torch: 2.13.0 -> 2.14.0",)
    move = Move(
        series, "2026-11-02", "2026-11-04", "2026-11-04", Share(4, 4), Share(2, 4), causes,
        others=(attack or "catalog hotel",), lost=tuple(anchor.name for anchor in anchors[2:]), attributed=attack,
    )  # fmt: skip
    found = Found(name, tuple(lines), (move,), {anchor.name: anchor for anchor in anchors})
    report = Report("2026-11-04", (found,), 0.05)
    return night.render(report, report.reasons(("closed", "moved")))
