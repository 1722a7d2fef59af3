from dataclasses import replace

import pytest

from fixtures.types import Catalog, Fallback, Tool, Variant
from suite.outcome import Never, Rate, ReportOnly, Results, Tally
from suite.results.summary import (
    LONGEST_REPLY,
    bar_text,
    contract_lines,
    counterexample_lines,
    expectation_rows,
    range_text,
    standing,
)
from tests.reports.sample import CHOOSES, FAILING, FORGOTTEN, INVENTED, PASSING, SALVAGED, SET_LIGHT, VALID, contract


def test_a_contract_tells_verdict_promise_and_reason() -> None:
    assert contract_lines(CHOOSES) == [
        "pass       chooses_a_tool",
        "           When a declared tool serves the request, the reply calls a tool.",
        "           held in 298 of 300 cases, above the bar of 95 %; at a rate of 95 % or less, at most 5 %",
        "           of gates say so",
    ]


def test_what_closes_the_gate_is_in_capitals() -> None:
    assert contract_lines(FAILING.contracts[1])[0] == "FAIL       never_hallucinates_tools"
    assert contract_lines(SALVAGED)[0] == "measured   needs_no_repair (does not gate)"


def test_counts_that_enter_no_rate_are_told_apart() -> None:
    assert contract_lines(VALID)[-1].strip() == "9 cases drawn to which the contract does not apply"
    found = contract("c", "Promise.", Rate(0.9), Tally(300, 300, 0, 1))
    assert contract_lines(found)[-1].strip() == "1 failing case found by search or known before"


def test_lines_keep_the_width() -> None:
    assert max(len(line) for c in FAILING.contracts for line in contract_lines(c, width=60)) <= 60


def test_a_counterexample_shows_all_that_a_person_needs() -> None:
    assert counterexample_lines(FORGOTTEN) == [
        "counterexample of chooses_a_tool: from the measured sample, something smaller may fail too",
        "  tools      set_light(zone: string, level: integer 0..100) - Dim or brighten the lights of a zone",
        "  policy     must_choose",
        "  user       open the blinds in 12",
        '  assistant  calls open_blinds {"room": "12"}',
        '  user       a bit "brighter" <b>please</b>',
        "             in the salle à manger",
        "  reply      Sure, I will make it brighter for you.<end_of_turn>",
        "  got        no call",
        "  wanted     set_light",
        "  id         b69c2b7c",
        "  replay     pytest --adapter runs/hotel/adapter --catalog hotel_lights --seed 7 --budget 400"
        " -k chooses_a_tool",
    ]


def test_what_a_catalog_says_of_its_tools_is_shown_where_it_matters() -> None:
    tools = tuple(Tool(name, "", {}) for name in ("a", "b"))
    plain = Catalog("home", tools)
    assert expectation_rows(plain) == []
    ranked = replace(plain, policy=Fallback("b"), priority=("b", "x", "a"), cost={"a": 40, "b": 0.5, "x": 9})
    assert expectation_rows(ranked) == [
        ("policy", "b when nothing fits"),
        ("priority", "b, then a"),
        ("cost", "a 40 Wh, b 0.5 Wh"),
    ]
    assert expectation_rows(replace(ranked, policy="abstain", tools=tools[:1])) == []


def test_a_reply_cannot_steer_the_terminal() -> None:
    text = "\n".join(counterexample_lines(INVENTED))
    assert "\x1b" not in text
    assert "\\x1b[2J\\u202e" in text


def test_a_reply_without_text_is_told() -> None:
    assert "  reply   (nothing)" in counterexample_lines(replace(INVENTED, raw=""))


def test_a_tool_without_a_description_is_its_signature() -> None:
    silent = replace(FORGOTTEN.case.catalog, tools=(replace(SET_LIGHT, description=""),))
    lines = counterexample_lines(replace(FORGOTTEN, case=replace(FORGOTTEN.case, catalog=silent)))
    assert lines[1] == "  tools      set_light(zone: string, level: integer 0..100)"


def test_an_endless_reply_is_cut() -> None:
    lines = counterexample_lines(replace(INVENTED, raw="x" * (LONGEST_REPLY + 7)))
    assert "x" * LONGEST_REPLY in lines[4]
    assert lines[5].strip() == "... and 7 more characters, in the results file"


@pytest.mark.parametrize(
    ("results", "text"),
    [
        (PASSING, "4 of 4 gating contracts passed"),
        (FAILING, "0 of 4 gating contracts passed, 3 failed, 1 undecided"),
        (replace(PASSING, contracts=(CHOOSES,)), "1 of 1 gating contract passed"),
        (replace(PASSING, contracts=(SALVAGED,)), "no gating contract was judged"),
    ],
)
def test_the_gate_is_counted(results: Results, text: str) -> None:
    assert standing(results) == text


def test_bars_in_a_few_words() -> None:
    assert [bar_text(bar) for bar in (Never(0.01, strict=True), Never(), Rate(0.995), ReportOnly())] == [
        "0 fail, so <= 1 %",
        "below 1.25 % fail",
        "above 99.5 %",
        "none",
    ]


def test_a_range_ends_at_100_only_without_failures() -> None:
    perfect, nearly = (contract("c", "Promise.", Rate(0.9), Tally(10_000, held)) for held in (10_000, 9_999))
    assert perfect.held_rate
    assert nearly.held_rate
    assert range_text(perfect, perfect.held_rate) == "99.8 to 100 %"
    assert range_text(nearly, nearly.held_rate) == "99.8 to 100.0 %"


def test_of_a_pair_both_replies_are_shown() -> None:
    pair = replace(FORGOTTEN.case, variant=Variant("the request in capitals", FORGOTTEN.case))
    lines = counterexample_lines(replace(FORGOTTEN, case=pair, other="DONE.<end_of_turn>"))
    shown = [line.split(maxsplit=1) for line in lines]
    assert ["reply", FORGOTTEN.raw] in shown
    assert ["compared", "DONE.<end_of_turn>"] in shown
    assert ["compared", "(nothing)"] in [line.split() for line in counterexample_lines(replace(FORGOTTEN, other=""))]
    assert not any("compared" in line for line in counterexample_lines(FORGOTTEN))
