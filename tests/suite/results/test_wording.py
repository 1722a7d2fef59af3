import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.results.wording import beginning, percent, percent_down, percent_seen, percent_up


@given(st.floats(0, 1))
def test_bounds_are_never_flattered(share: float) -> None:
    assert float(percent_down(share).removesuffix(" %")) <= share * 100
    assert float(percent_up(share).removesuffix(" %")) >= share * 100


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (percent(0.995), "99.5 %"),
        (percent(0.01), "1 %"),
        (percent_up(0.00993608), "0.994 %"),
        (percent_up(0.9276), "92.8 %"),
        (percent_up(0), "0 %"),
        (percent_up(1), "100 %"),
        (percent_down(0.9799), "97.9 %"),
        (percent_seen(1), "100.0 %"),
        (percent_seen(2999 / 3000), "99.9 %"),
        (percent_seen(2 / 3), "66.7 %"),
    ],
)
def test_shares_are_written_in_percent(shown: str, text: str) -> None:
    assert shown == text


def test_the_beginning_of_a_text_is_one_safe_line_also_without_blanks() -> None:
    assert beginning("two\n\x1b[2J words", 30) == "two \\x1b[2J words"
    assert beginning("灯" * 50, 14) == "灯" * 10 + " ..."
    assert beginning("ten ten ten ten", 12) == "ten ten ..."
