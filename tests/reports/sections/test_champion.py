"""The page's section on the champion: what is lost and won, part by part."""

from dataclasses import replace

import pytest

from reports.page import render
from reports.sections.champion import MOST_PARTS, section
from suite.outcome import ContractResult, NoWorse, PairedPart, Results, Tally, Verdict
from suite.results.file import from_json, to_json
from tests.reports.reader import Reader
from tests.reports.sample import HOSTILE, PASSING

PARTS = (
    PairedPart("valid_calls", "", 90, 0, 0),
    PairedPart("chooses_a_tool", "", 100, 12, 2, True),
    PairedPart("chooses_a_tool", "tool set_light", 40, 1, 1),
    PairedPart("chooses_a_tool", "catalog hotel_lights", 50, 11, 1, True),
    PairedPart("chooses_a_tool", "requests of the kind plain", 20, 3, 0),
)


def compared(parts: tuple[PairedPart, ...] = PARTS) -> Results:
    verdict = Verdict("fail", "worse than the champion runs/old in chooses_a_tool")
    contract = ContractResult(
        "no_worse_than_champion", "No contract is lost.", NoWorse(), verdict, Tally(190, 178), None, paired=parts
    )
    return replace(PASSING, contracts=(*PASSING.contracts, contract), champion=PASSING.identity)


def test_without_a_champion_there_is_no_section() -> None:
    assert section(PASSING) is None
    assert "against challenger" not in render(PASSING, "r.json")


def test_the_whole_comes_first_then_what_stands_out_then_where_most_is_lost() -> None:
    shown = section(compared())
    assert shown is not None
    ((name, rows),) = shown["groups"]
    assert (name, [row.part for row in rows]) == (
        "chooses_a_tool",
        ["", "catalog hotel_lights", "requests of the kind plain", "tool set_light"],
    )
    assert rows[1].lost_share == 50
    assert [row.won_share / row.lost_share for row in rows[:2]] == [pytest.approx(2 / 12), pytest.approx(1 / 11)]
    assert shown["alike"] == "No case in which the two differ: valid_calls."
    assert shown["note"] == "lost 12, won 2 of 190"


def test_the_section_is_on_the_page_of_a_results_file_with_it() -> None:
    text = Reader(render(from_json(to_json(compared())), "r.json")).text
    for told in ("Champion against challenger", "catalog hotel_lights stands out", "worse than the champion runs/old"):
        assert told in text


def test_many_parts_are_cut_to_those_that_matter() -> None:
    many = tuple(PairedPart("chooses_a_tool", f"tool {n}", 40, n + 1, 0) for n in range(MOST_PARTS + 3))
    shown = section(compared((PARTS[1], *many)))
    assert shown is not None
    assert len(shown["groups"][0][1]) == MOST_PARTS + 1


def test_a_part_cannot_break_out() -> None:
    page = render(compared((PairedPart(HOSTILE, HOSTILE, 9, 1, 0),)), "r.json")
    assert "<script>" not in page


def test_results_of_before_there_were_parts_have_the_verdict() -> None:
    shown = section(compared(()))
    assert shown is not None
    assert (shown["note"], shown["groups"], shown["alike"]) == ("fail", [], "")
