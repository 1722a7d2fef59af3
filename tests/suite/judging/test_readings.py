"""How the measured replies of a gate read, and how many are byte for byte what the template writes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.formats import load_format
from fixtures.types import Case
from reports.page import render as page
from reports.terminal import render
from suite.contracts.right_tool import right_tool
from suite.contracts.valid_calls import valid_calls
from suite.gating import gate
from suite.judging.contract import Contract
from suite.lanes.rehearsal import right, scripted
from suite.outcome import Readings, Results
from suite.results.file import read, write
from tests.reports.sample import PASSING

READ = Readings(clean=40, canonical=39, salvaged=2, undecodable=1, no_call=7)


def right_in_hermes(case: Case) -> str:
    return right(case, load_format("hermes"))


def gated(tmp_path: Path, contracts: list[Contract], answer: Callable[[Case], str]) -> Results:
    engine, asked = scripted(contracts, answer, form="hermes")
    return gate("none", engine=engine, contracts=asked, cache=tmp_path, catalogs=["tuya"], made_up=0, budget=80)


def test_right_answers_are_clean_and_canonical_each_counted_once(tmp_path: Path) -> None:
    results = gated(tmp_path, [right_tool, right_tool], right_in_hermes)
    found = results.readings
    assert found is not None
    assert found.clean == found.canonical > 0
    assert found.salvaged == found.undecodable == 0
    assert found.clean + found.no_call <= results.contracts[0].tally.trials


def test_other_white_space_is_clean_and_not_canonical_and_a_missing_mark_is_salvaged(tmp_path: Path) -> None:
    wide = gated(tmp_path / "a", [valid_calls], lambda case: right_in_hermes(case).replace('": ', '":  '))
    assert wide.readings is not None
    assert wide.readings.clean > wide.readings.canonical == 0
    cut = gated(tmp_path / "b", [valid_calls], lambda case: right_in_hermes(case).replace("</tool_call>", ""))
    assert cut.readings is not None
    assert cut.readings.clean == cut.readings.canonical == 0 < cut.readings.salvaged


def test_they_come_back_from_a_file_and_stand_beside_the_table_and_on_the_page(tmp_path: Path) -> None:
    identity = replace(PASSING.identity, template="the adapter's chat_template.jinja")
    results = replace(PASSING, readings=READ, identity=identity)
    write(results, tmp_path / "results.json")
    assert read(tmp_path / "results.json") == results
    told = " ".join(render(results).split())
    shown = page(results, "results.json")
    for text in ("40 clean (97.5 % canonical", "2 salvaged, 1 undecodable, 7 without a call"):
        assert text in told
        assert text in shown
    assert "template the adapter's chat_template.jinja" in told
    assert "the adapter&#x27;s chat_template.jinja" in shown or "the adapter&#39;s chat_template.jinja" in shown


@pytest.mark.parametrize("results", [PASSING, replace(PASSING, readings=Readings(no_call=3))])
def test_without_clean_replies_no_share_is_told(results: Results) -> None:
    assert "canonical" not in render(results)
