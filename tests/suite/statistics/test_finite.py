"""Statistics of a file of rows: hand-worked values, laws, and the exact probabilities over all orders."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.outcome import Every, Rate, Tally
from suite.statistics.finite import FILE, LIKE_THESE, file_interval, file_measures, judge_rows
from suite.statistics.sequential import RateTest, Risks
from suite.statistics.stats import EmptySampleError

BAR = Rate(0.85, acceptable=0.93)
counts = st.integers(1, 60).flatmap(
    lambda rows: st.integers(1, rows).flatmap(
        lambda asked: st.tuples(st.integers(0, asked), st.just(asked), st.just(rows))
    )
)


def test_a_file_asked_whole_has_a_point_and_requests_like_these_an_interval() -> None:
    found = file_measures(Tally(20, 17), 20)
    assert (found[FILE].low, found[FILE].estimate, found[FILE].high) == (0.85, 0.85, 0.85)
    assert found[LIKE_THESE].low < 0.7 < 0.9 < found[LIKE_THESE].high


def test_an_interval_of_a_part_is_worked_by_hand() -> None:
    # 2 of 2 asked of 4 held. With K of 4 rows holding, the probability of that is C(K, 2) / C(4, 2): 1/6 for K = 2,
    # 3/6 for 3, 6/6 for 4. Times (2 + 1): 0.5, 1.5, 3. At the level 0.4, 1 - level = 0.6 leaves 3 and 4.
    assert (file_interval(2, 2, 4, 0.4).low, file_interval(2, 2, 4, 0.4).high) == (0.75, 1.0)
    assert file_interval(2, 2, 4, 0.6).low == 0.5
    # 1 of 2 of 4: K = 1, 2, 3 give 3/6, 4/6, 3/6; times 3: 1.5, 2, 1.5. K = 0 and 4 are impossible.
    found = file_interval(1, 2, 4)
    assert (found.low, found.high) == (0.25, 0.75)


@given(counts)
def test_an_interval_of_the_file_holds_what_is_still_possible(count: tuple[int, int, int]) -> None:
    held, asked, rows = count
    found = file_interval(held, asked, rows)
    assert held / rows <= found.low <= found.high <= (rows - asked + held) / rows


@pytest.mark.parametrize(("rows", "holding"), [(12, 9), (20, 10), (30, 29)])
def test_the_interval_of_the_file_covers_the_truth_after_every_row_at_once(rows: int, holding: int) -> None:
    """By following all orders: the probability that it ever leaves the truth out is at most 5 %."""
    ways, missed = {0: 1.0}, 0.0
    for asked in range(1, rows + 1):
        following: dict[int, float] = {}
        for held, chance in ways.items():
            share = (holding - held) / (rows - asked + 1)
            for more, part in ((1, share), (0, 1 - share)):
                if part > 0:
                    following[held + more] = following.get(held + more, 0.0) + chance * part
        ways = {}
        for held, chance in following.items():
            found = file_interval(held, asked, rows)
            if found.low - 1e-9 <= holding / rows <= found.high + 1e-9:
                ways[held] = chance
            else:
                missed += chance
    assert missed <= 0.05


@pytest.mark.parametrize(("rows", "most"), [(60, 0.0005), (100, 0.0016), (200, 0.01)])
def test_the_sequential_test_passes_few_orders_of_a_file_below_the_bar(rows: int, most: float) -> None:
    """As docs/cases.md says of 100 rows, with a look after every row; at the last one there is nothing to test."""
    test = RateTest(BAR.acceptable, BAR.at_least, Risks(0.01, 0.05))
    holding, ways, passed = math.ceil(BAR.at_least * rows) - 1, {0: 1.0}, 0.0
    for asked in range(1, rows):
        following: dict[int, float] = {}
        for held, chance in ways.items():
            share = (holding - held) / (rows - asked + 1)
            for more, part in ((1, share), (0, 1 - share)):
                if part > 0:
                    following[held + more] = following.get(held + more, 0.0) + chance * part
        decisions = {held: test.decide(held, asked - held) for held in following}
        passed += sum(chance for held, chance in following.items() if decisions[held] == "accept")
        ways = {held: chance for held, chance in following.items() if decisions[held] is None}
    assert passed <= most


@pytest.mark.parametrize(
    ("held", "rows", "verdict"), [(17, 20, "pass"), (16, 20, "fail"), (34, 40, "pass"), (1, 1, "pass"), (0, 1, "fail")]
)
def test_a_file_asked_whole_is_judged_by_its_exact_share(held: int, rows: int, verdict: str) -> None:
    found, interval = judge_rows(Tally(rows, held), BAR, rows)
    assert found.name == verdict
    assert f"held in {held} of all {rows}" in found.reason
    assert "exactly" in found.reason
    assert "requests like these" in found.reason
    assert interval is not None
    assert interval.low < interval.high


def test_a_part_of_a_file_is_judged_by_the_sequential_test() -> None:
    # ln(20) / ln(0.93 / 0.85) = 33.3: 34 of 34 are enough.
    found, _ = judge_rows(Tally(34, 34), BAR, 300)
    assert found.name == "pass"
    assert "of the file's 300 rows 266 were not asked" in found.reason
    assert judge_rows(Tally(33, 33), BAR, 300)[0].name == "undecided"
    assert judge_rows(Tally(40, 20), BAR, 300)[0].name == "fail"


@pytest.mark.parametrize(
    ("tally", "verdict"),
    [(Tally(5, 5), "pass"), (Tally(5, 4), "fail"), (Tally(4, 4), "undecided"), (Tally(3, 2), "fail")],
)
def test_each_of_the_given_cases_must_hold(tally: Tally, verdict: str) -> None:
    found, interval = judge_rows(tally, Every(), 5)
    assert found.name == verdict
    assert interval is not None


def test_nothing_asked_is_undecided() -> None:
    assert judge_rows(Tally(0, 0), BAR, 5)[0].name == "undecided"
    assert file_measures(Tally(0, 0), 5) == {}
    with pytest.raises(EmptySampleError):
        file_interval(0, 0, 5)
    with pytest.raises(ValueError, match="must rise"):
        file_interval(3, 2, 5)
