"""Rows are dealt to parts by what they ask: nothing leaks, every part gets what it can, and little moves."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.rows.reading import Row, reader
from fixtures.types import ToolCall, assistant, user
from tests.own_rows import TOOLS, row
from train.project.parts import CASES, EXAMPLES, TRAIN, Shares, part_rows, tools_of

SHARES: Shares = (60, 20, 20)


def read(*rows: Any) -> list[Row]:
    found = [reader().row_of(number, one)[0] for number, one in enumerate(rows, 1)]
    assert all(isinstance(one, Row) for one in found)
    return [one for one in found if isinstance(one, Row)]


def words(number: int) -> str:
    """A request that is like no other one."""
    return " ".join("".join(Random(f"{number}:{place}").choices("abcdefghijklmnop", k=6)) for place in range(4))


def light(number: int) -> dict[str, Any]:
    return row(words(number), ("set_light", {"zone": "bar"}))


def blinds(number: int) -> dict[str, Any]:
    return row(words(number), ("open_blinds", {"zone": "bar"}))


def parts(*rows: Any, seed: int = 0, shares: Shares = SHARES, must: tuple[int, ...] = ()) -> tuple[int, ...]:
    return part_rows(read(*rows), must, shares, seed).parts


def test_shares_are_kept_tool_by_tool() -> None:
    found = parts(*map(light, range(50)), *map(blinds, range(100, 110)))
    assert Counter(found[:50]) == {TRAIN: 30, EXAMPLES: 10, CASES: 10}
    assert Counter(found[50:]) == {TRAIN: 6, EXAMPLES: 2, CASES: 2}


@pytest.mark.parametrize("shares", [(60, 20, 20), (98, 1, 1), (80, 0, 20), (80, 20, 0), (100, 0, 0)])
@pytest.mark.parametrize("count", [3, 4, 7])
def test_a_rare_tool_is_in_every_part_that_is_wanted(shares: Shares, count: int) -> None:
    found = parts(*map(light, range(40)), *map(blinds, range(100, 100 + count)), shares=shares)
    assert set(found[40:]) == {part for part in range(3) if shares[part]}


def test_tools_of_one_or_two_rows_are_shared_out_among_themselves() -> None:
    def own(number: int) -> dict[str, Any]:
        tool = {**TOOLS[0], "function": {**TOOLS[0]["function"], "name": f"tool_{number}"}}
        return {**row(words(number), (f"tool_{number}", {"zone": "bar"})), "tools": [tool]}

    assert Counter(parts(*map(own, range(50)))) == {TRAIN: 30, EXAMPLES: 10, CASES: 10}
    assert parts(light(0)) == (TRAIN,)
    for seed in range(5):
        assert sorted(parts(light(0), light(1), seed=seed))[0] == TRAIN
        assert len(set(parts(light(0), light(1), seed=seed))) == 2


def test_rows_that_ask_the_same_or_nearly_stay_together() -> None:
    twins = [{**light(n), "tags": ["twin"]} for n in range(30)]
    near = [row(words(n) + "!", ("set_light", {"zone": "bar"})) for n in range(30)]
    spelled = [row(words(n).upper().replace(" ", "  "), ("open_blinds", {"zone": "bar"})) for n in range(30)]
    found = parts(*map(light, range(30)), *twins, *near, *spelled)
    assert found[:30] == found[30:60] == found[60:90] == found[90:]
    assert set(found) == {TRAIN, EXAMPLES, CASES}


def test_a_turn_on_the_way_of_another_row_keeps_the_two_together() -> None:
    def after(number: int) -> dict[str, Any]:
        """A conversation that asks on its way what `light(number)` asks."""
        call = assistant([ToolCall("set_light", {"zone": "bar"})])
        last = assistant([ToolCall("open_blinds", {"zone": "spa"})])
        return {"messages": [user(words(number)), call, user(words(number + 500)), last], "tools": TOOLS}

    found = parts(*map(light, range(20)), *map(after, range(20)))
    assert found[:20] == found[20:]
    assert set(found) == {TRAIN, EXAMPLES, CASES}


def test_where_all_is_nearly_the_same_only_the_very_same_stays_together_and_that_is_told() -> None:
    rows = [
        row(f"please switch on the light of the large room {n}", ("set_light", {"zone": str(n)})) for n in range(20)
    ]
    found = part_rows(read(*rows, *rows), (), SHARES, 0)
    assert found.near == ("set_light",)
    assert found.parts[:20] == found.parts[20:]
    assert Counter(found.parts) == {TRAIN: 24, EXAMPLES: 8, CASES: 8}


def test_what_must_hold_is_asked_and_so_is_what_is_asked_like_it() -> None:
    rows = [*map(light, range(20)), row(words(3) + "!", ("set_light", {"zone": "bar"}))]
    found = parts(*rows, must=(3, 7))
    assert found[3] == found[7] == found[20] == CASES
    assert Counter(found[n] for n in range(20) if n not in (3, 7)) == {TRAIN: 11, EXAMPLES: 3, CASES: 4}


def test_one_that_must_hold_does_not_take_a_whole_tool_with_it() -> None:
    rows = [
        row(f"please switch on the light of the large room {n}", ("set_light", {"zone": str(n)})) for n in range(20)
    ]
    found = part_rows(read(*rows), (5,), SHARES, 0)
    assert found.parts[5] == CASES
    assert set(found.parts) == {TRAIN, EXAMPLES, CASES}
    assert found.near == ("set_light",)


def test_a_request_that_stands_more_often_than_a_part_is_large_is_trained_on() -> None:
    for seed in range(8):
        found = parts(*[light(0)] * 30, *map(light, range(1, 21)), seed=seed)
        assert set(found[:30]) == {TRAIN}
        assert Counter(found[30:]) == {EXAMPLES: 10, CASES: 10}


@given(st.sets(st.integers(0, 10**6), min_size=6, max_size=40), st.integers(0, 10**6), st.integers(0, 5))
def test_a_further_request_moves_at_most_one_other_over_each_border(have: set[int], more: int, seed: int) -> None:
    numbers = sorted(have - {more})
    before = parts(*map(light, numbers), *map(blinds, range(-9, 0)), seed=seed)
    after = parts(light(more), *map(light, numbers), *map(blinds, range(-9, 0)), seed=seed)[1:]
    moved = [number for number, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert len(moved) <= 2
    assert not [number for number in moved if number >= len(numbers)]


@given(st.permutations(range(25)))
def test_where_a_row_stands_does_not_matter(order: list[int]) -> None:
    inorder = parts(*map(light, range(25)))
    assert parts(*map(light, order)) == tuple(inorder[number] for number in order)


def test_the_seed_decides() -> None:
    assert len({parts(*map(light, range(25)), seed=seed) for seed in range(5)}) == 5


def test_the_tools_of_a_row_are_those_that_it_teaches_to_call() -> None:
    old = {**assistant([ToolCall("set_light", {"zone": "bar"})]), "weight": 0}
    last = assistant([ToolCall("open_blinds", {"zone": "a"}), ToolCall("open_blinds", {"zone": "b"})])
    told = {"messages": [user("a"), old, user("b"), last], "tools": TOOLS}
    found = read(told, row("no"))
    assert [tools_of(one) for one in found] == [("open_blinds",), ("",)]
