"""Whatever a text holds, in a template it stays text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from fixtures.printing import printable
from reports.markup import FOLDERS, environment, number, parted, render
from tests.reports.reader import Reader

TEMPLATE = environment().from_string('<p title="{{ text }}">{{ text }}</p>')


@given(st.text())
def test_text_stays_text(text: str) -> None:
    seen = Reader(TEMPLATE.render(text=text))
    assert seen.elements == [("p", {"title": printable(text)})]
    assert seen.text == printable(text)


@given(st.text())
def test_a_name_may_break_and_stays_text(text: str) -> None:
    seen = Reader(f"<p>{parted(text)}</p>")
    assert {name for name, _ in seen.elements} <= {"p", "wbr"}
    assert seen.text == printable(text)


def test_markup_of_our_own_macros_is_kept() -> None:
    made = environment().from_string('{% macro bold(text) %}<b>{{ text }}</b>{% endmacro %}{{ bold("a < b") }} & c')
    assert made.render() == "<b>a &lt; b</b> & c"


def test_a_template_that_lacks_a_value_is_a_fault() -> None:
    with pytest.raises(UndefinedError):
        render("comparison.svg.jinja")


def test_numbers_have_six_digits_at_most() -> None:
    assert [number(x) for x in (0.12345678, 100.0, 0)] == ["0.123457", "100", "0"]


def test_no_template_of_ours_lets_a_text_through() -> None:
    names = environment().list_templates()
    assert {"base.html.jinja", "page.html.jinja", "night.html.jinja", "comparison.svg.jinja"} <= set(names)
    texts = [place.read_text(encoding="utf-8") for folder in FOLDERS for place in folder.glob("*.jinja")]
    assert [text for text in texts if re.search(r"\|\s*safe\b|autoescape|<script|\son\w+=", text)] == []
