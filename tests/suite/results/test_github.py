"""What GitHub Actions reads of a gate."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from suite.outcome import Verdict
from suite.results.github import errors, markdown, told_to_github
from tests.reports.sample import FAILING, HOSTILE, PASSING


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
