"""The page's section on the user's own rows."""

from dataclasses import replace

from reports.page import render
from reports.sections.own_cases import MOST, WIDEST, matrix
from suite.user_rows import Called
from tests.reports.reader import Reader
from tests.reports.sample import HOSTILE, PASSING
from tests.suite.results.test_own import OWN


def text_of(page: str) -> str:
    return Reader(page).text


def test_the_page_has_a_section_where_there_are_own_rows() -> None:
    assert "Own cases" not in text_of(render(PASSING, "r.json"))
    text = text_of(render(replace(PASSING, own=OWN), "r.json"))
    for told in ("Own cases", "30 of 40 rows", "Warning", "tag late", "open_blinds", "held_out.jsonl:7", "0.910"):
        assert told in text


def told(own):
    return render(replace(PASSING, own=own), "r.json")


def test_few_tools_make_a_matrix_and_many_a_list_of_what_was_confused() -> None:
    assert "in bold where they are the same" in text_of(told(OWN))
    many = tuple(Called(f"tool {n}", f"tool {n + n % 2}", 1) for n in range(WIDEST + 2))
    text = text_of(told(replace(OWN, called=many)))
    assert "Called instead" in text
    assert "tool 0" not in text
    assert "tool 1" in text


def test_a_matrix_counts_what_was_called_for_each_right_tool() -> None:
    called = (Called("light", "light", 9), Called("light", "blinds", 1), Called("blinds", "blinds", 4))
    made = matrix(called)
    assert made is not None
    assert made["across"] == ["blinds", "light"]
    lines = {right: [(cell["count"], cell["class"], cell["tenth"]) for cell in cells] for right, cells in made["rows"]}
    assert lines == {
        "blinds": [(4, "same", 10), (0, "none", 0)],
        "light": [(1, "other", 1), (9, "same", 9)],
    }


def test_without_calls_there_is_no_matrix() -> None:
    assert matrix(()) is None


def test_a_page_has_the_surest_and_counts_the_rest() -> None:
    page = told(replace(OWN, broken=tuple(OWN.broken) * (MOST + 2)))
    assert page.count("held_out.jsonl:7") == MOST
    assert "And 2 more" in page


def test_what_people_wrote_cannot_break_out() -> None:
    broken = tuple(replace(row, request=HOSTILE, got=HOSTILE, wanted=HOSTILE, file=HOSTILE) for row in OWN.broken)
    own = replace(OWN, broken=broken, trained=HOSTILE, files={HOSTILE: ""}, called=(Called(HOSTILE, "x", 1),))
    assert "<script>" not in told(own)
