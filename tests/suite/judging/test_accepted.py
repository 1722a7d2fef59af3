"""Which replies a row accepts."""

import json
from typing import Any

import pytest

from fixtures.formats import load_format
from fixtures.types import Case, ToolCall, assistant
from suite.exam.own import OwnCase, as_own_case
from suite.judging.accepted import accepted
from suite.lanes.rehearsal import write
from suite.outcome import Broken, Held, NotApplicable
from suite.reply import Generation, Reply
from tests.own_rows import asked, light, row

FORM = load_format("functiongemma")


def case_of(data: Any) -> Case:
    found = as_own_case(data, FORM)
    assert isinstance(found, OwnCase), found
    return found.case


def reply_of(text: str, finish: Any = "stop") -> Reply:
    return Reply(Generation(text, (-0.1,), finish), FORM.parse(text))


def outcome(data: Any, *calls: tuple[str, dict[str, Any]]) -> bool:
    case = case_of(data)
    message = dict(assistant([ToolCall(*call) for call in calls], "" if calls else "No."))
    return isinstance(accepted(case, reply_of(write(FORM, case, message))), Held)


def with_level(**more: Any) -> Any:
    return asked("x", [[{"name": "set_light", "arguments": {"zone": "a", "level": 20}, **more}]])


@pytest.mark.parametrize(
    ("more", "arguments", "held"),
    [
        ({}, {"zone": "a", "level": 20}, True),
        ({}, {"zone": "a", "level": 20.0}, True),
        ({}, {"zone": "a", "level": "20"}, False),
        ({}, {"zone": "a"}, False),
        ({}, {"zone": "A", "level": 20}, False),
        ({"also": {"level": [10]}}, {"zone": "a", "level": 10}, True),
        ({"also": {"level": [10]}}, {"zone": "a", "level": 15}, False),
        ({"optional": ["level"]}, {"zone": "a"}, True),
        ({"optional": ["level"]}, {"zone": "a", "level": 21}, False),
        ({"any": ["level"]}, {"zone": "a", "level": 99}, True),
        ({"any": ["level"]}, {"zone": "a", "level": 101}, False),
        ({"any": ["level"]}, {"zone": "a"}, False),
        ({"any": ["level"], "optional": ["level"]}, {"zone": "a"}, True),
        ({}, {"zone": "a", "level": 20, "side": "east"}, False),
    ],
)
def test_arguments_are_right_as_far_as_the_row_says(more: Any, arguments: Any, held: bool) -> None:
    assert outcome(with_level(**more), ("set_light", arguments)) is held


def test_several_calls_are_right_in_any_order_and_each_once() -> None:
    one, two = ("set_light", {"zone": "a"}), ("open_blinds", {"zone": "b"})
    assert outcome(row("x", one, two), two, one)
    assert not outcome(row("x", one, two), one)
    assert not outcome(row("x", one, two), one, two, two)


def test_a_call_that_fits_two_is_given_to_the_one_that_leaves_the_other_its_own() -> None:
    loose = {"name": "set_light", "arguments": {"zone": "a"}, "also": {"zone": ["b"]}}
    strict = {"name": "set_light", "arguments": {"zone": "a"}}
    data = asked("x", [[loose, strict]])
    assert outcome(data, ("set_light", {"zone": "a"}), ("set_light", {"zone": "b"}))
    assert not outcome(data, ("set_light", {"zone": "b"}), ("set_light", {"zone": "b"}))


def test_no_call_is_right_only_where_the_row_says_so() -> None:
    assert outcome(row("sing"))
    assert not outcome(light(1))
    assert outcome(light(1, acceptable=[[]]))
    assert not outcome(row("sing"), ("set_light", {"zone": "a"}))


def test_a_reply_that_is_cut_off_or_cannot_be_read_is_broken() -> None:
    case = case_of(row("sing"))
    assert isinstance(accepted(case, reply_of("No.<end_of_turn>", "length")), Broken)
    found = accepted(case, reply_of("<start_function_call>call:set_light{"))
    assert isinstance(found, Broken)
    assert found.wanted == "no call"


def test_what_was_wanted_says_what_may_be_otherwise() -> None:
    found = accepted(case_of(with_level(also={"level": [10]}, optional=["level"])), reply_of("No.<end_of_turn>"))
    assert isinstance(found, Broken)
    told = f"set_light {json.dumps({'zone': 'a', 'level': 20})}"
    assert found.wanted == f"{told} or {told} (level also 10; level may be left out)"


def test_a_case_that_is_no_row_is_not_judged() -> None:
    assert isinstance(accepted(Case(case_of(light(1)).catalog, ()), reply_of("No.")), NotApplicable)
