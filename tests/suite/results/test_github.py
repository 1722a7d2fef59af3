"""What GitHub Actions reads of a gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reports.page import render
from suite.outcome import Interval, Verdict
from suite.results.ci.github import errors, markdown, told_to_github
from tests.reports.reader import Reader
from tests.reports.sample import FAILING, HOSTILE, PASSING, SALVAGED


def test_elsewhere_nothing_is_told(tmp_path: Path):
    assert told_to_github(FAILING, {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary")}) == []
    assert not (tmp_path / "summary").exists()


def test_under_actions_the_summary_grows_and_errors_name_what_closes_the_gate(tmp_path: Path):
    place = tmp_path / "summary"
    place.write_text("before\n")
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(place)}
    lines = told_to_github(FAILING, environment)
    assert place.read_text().startswith("before\n## callproof: Gate not passed")
    assert any(line.startswith("::error title=callproof chooses_a_tool::chooses_a_tool: ") for line in lines)
    assert told_to_github(PASSING, environment) == []


def test_no_text_begins_a_command_of_its_own():
    worst = replace(FAILING.contracts[0], verdict=Verdict("fail", "a\n::error::b\r%0A"))
    (line,) = errors(replace(FAILING, contracts=(worst,)))
    assert "\n" not in line
    assert line.count("\r") == 0
    assert "%250A" in line


def test_no_text_is_markup():
    identity = replace(FAILING.identity, adapter=HOSTILE)
    told = markdown(replace(FAILING, identity=identity))
    assert "<script" not in told
    assert "\x1b" not in told


def test_the_summary_is_in_the_order_and_the_words_of_the_page():
    contracts = (replace(SALVAGED, held_rate=Interval(0.3, 0.2, 0.4)), *FAILING.contracts[:4])
    results = replace(FAILING, contracts=contracts)
    told, page = markdown(results), Reader(render(results, "r.json")).text
    order = (
        "Gate not passed", "0 of 4 gating contracts passed, 3 failed, 1 undecided", "What closes the gate",
        FAILING.contracts[0].verdict.reason, "Not gating, and kept in less than 80 %", "30.0 %", "above 95 %",
    )  # fmt: skip
    for text in (told, page):
        places = [text.index(part) for part in order]
        assert places == sorted(places)
    assert told.index("| chooses_a_tool |") < told.index("| needs_no_repair |")
    assert "| calibrated_confidence | fail | 53.0 % | 44.0 to 62.0 % | 150 | 1 - ece above 85 % |" in told
