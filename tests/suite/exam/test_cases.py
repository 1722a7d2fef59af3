import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.catalogs import SHIPPED, load_catalog
from fixtures.choosing import SeededChooser
from fixtures.reading.arguments import first_fault
from fixtures.types import Oracle, ToolCall
from suite.exam.answers import answers, same_value
from suite.exam.cases import (
    clear,
    clear_or_absent,
    masked,
    named_in_request,
    near_miss,
    only_in_history,
    stressed,
    with_absent_tool,
)
from suite.exam.scene import Scene

SCENE = Scene(tuple(load_catalog(name) for name in SHIPPED))
DRAWS = [clear, stressed, with_absent_tool, clear_or_absent]


@pytest.mark.parametrize("draw", DRAWS, ids=lambda d: d.__name__)
@pytest.mark.parametrize("number", range(60))
def test_the_right_answer_of_a_case_keeps_the_schema_of_a_declared_tool(draw, number):
    case = draw(SCENE, SeededChooser(number))
    for call in case.oracle.calls:
        assert call.name in case.catalog.names
        assert first_fault(case.catalog[call.name].parameters, call.arguments) == ""


@pytest.mark.parametrize("draw", DRAWS, ids=lambda d: d.__name__)
def test_cases_depend_on_the_seed_alone(draw):
    assert draw(SCENE, SeededChooser("a")) == draw(SCENE, SeededChooser("a"))
    assert draw(SCENE, SeededChooser("a")) != draw(SCENE, SeededChooser("b"))


@pytest.mark.parametrize("number", range(30))
def test_a_masked_tool_is_not_declared_and_nothing_fits(number):
    case = masked(SCENE, SeededChooser(number))
    assert case.oracle.calls == ()
    assert case.catalog.tools


@pytest.mark.parametrize("number", range(30))
def test_a_tool_named_in_the_request_is_not_declared(number):
    case = named_in_request(SCENE, SeededChooser(number))
    assert all(
        f"call {name})" not in case.request and f"use {name}:" not in case.request for name in case.catalog.names
    )


@pytest.mark.parametrize("number", range(30))
def test_the_tool_of_the_history_is_no_longer_declared(number):
    case = only_in_history(SCENE, SeededChooser(number))
    called = case.messages[1]["tool_calls"][0]["function"]["name"]
    assert called not in case.catalog.names


def test_a_near_miss_stands_beside_the_right_tool():
    case = near_miss(SCENE, SeededChooser(3))
    (call,) = case.oracle.calls or ()
    twins = [n for n in case.catalog.names if n != call.name and (n.startswith(call.name[:-1]))]
    assert call.name in case.catalog.names
    assert twins


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        ("1", 1, False),
        ([1, 2], [1, 2], True),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1.0}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        (None, False, False),
        ("x", "x", True),
    ],
)
def test_values_are_compared_by_json_type_and_value(a, b, equal):
    assert same_value(a, b) is equal
    assert same_value(b, a) is equal


@settings(max_examples=50, deadline=None)
@given(st.permutations([ToolCall("a", {"x": 1}), ToolCall("a", {"x": 2}), ToolCall("b", {})]))
def test_several_calls_answer_in_any_order(calls):
    case = clear(SCENE, SeededChooser(1))
    object.__setattr__(
        case, "oracle", Oracle(calls=(ToolCall("a", {"x": 2}), ToolCall("b", {}), ToolCall("a", {"x": 1})))
    )
    assert answers(case, tuple(calls))
    assert not answers(case, tuple(calls[:2]))
