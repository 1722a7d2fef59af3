"""The page's section on the user's own rows."""

from dataclasses import replace

from reports.own_cases import MOST, WIDEST, section
from reports.page import render
from suite.user_rows import Called
from tests.reports.sample import HOSTILE, PASSING
from tests.reports.test_html import Reader
from tests.suite.results.test_own import OWN


def text_of(page: str) -> str:
    return Reader(page).text


def test_the_page_has_a_section_where_there_are_own_rows() -> None:
    assert "Own cases" not in text_of(render(PASSING, "r.json"))
    text = text_of(render(replace(PASSING, own=OWN), "r.json"))
    for told in ("Own cases", "30 of 40 rows", "Warning", "tag late", "open_blinds", "held_out.jsonl:7", "0.910"):
        assert told in text


def test_few_tools_make_a_matrix_and_many_a_list_of_what_was_confused() -> None:
    assert "in bold where they are the same" in section(OWN)
    many = tuple(Called(f"tool {n}", f"tool {n + n % 2}", 1) for n in range(WIDEST + 2))
    told = section(replace(OWN, called=many))
    assert "Called instead" in told
    assert "tool 0" not in told
    assert "tool 1" in told


def test_a_page_has_the_surest_and_counts_the_rest() -> None:
    told = section(replace(OWN, broken=tuple(OWN.broken) * (MOST + 2)))
    assert told.count("held_out.jsonl:7") == MOST
    assert "And 2 more" in told


def test_what_people_wrote_cannot_break_out() -> None:
    broken = tuple(replace(row, request=HOSTILE, got=HOSTILE, wanted=HOSTILE, file=HOSTILE) for row in OWN.broken)
    told = section(replace(OWN, broken=broken, trained=HOSTILE, files={HOSTILE: ""}, called=(Called(HOSTILE, "x", 1),)))
    assert "<script>" not in told
