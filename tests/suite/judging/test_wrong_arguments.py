"""How arguments are wrong."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.formats.parsed import Parsed
from fixtures.types import Case, Catalog, Oracle, Tool, ToolCall, user
from suite.judging.wrong_arguments import wrong_arguments
from suite.outcome import WrongArgument
from suite.reply import Generation, Reply

TEXT, NUMBER = {"type": "string"}, {"type": "number"}
SET = Tool(
    "set",
    "",
    {"type": "object", "properties": {"zone": TEXT, "from": TEXT, "level": NUMBER, "tags": {"type": "array"}}},
)
RIGHT = {"zone": "lobby", "from": "hall", "level": 90, "tags": ["a b"]}


def found(*calls: ToolCall, wanted: tuple[ToolCall, ...] = (ToolCall("set", RIGHT),)) -> list[tuple[str, str]]:
    case = Case(Catalog("c", (SET,)), (user("set lobby from hall to 90 with a b, not bar"),), Oracle(wanted))
    reply = Reply(Generation("", (), "stop", ()), Parsed("clean", tuple(calls)))
    return [(one.parameter, one.how) for one in wrong_arguments(case, reply)]


@pytest.mark.parametrize(
    ("changed", "how"),
    [
        ({"zone": "hall"}, "another argument's value"),
        ({"zone": "Lobby "}, "another spelling or type"),
        ({"level": "90"}, "another spelling or type"),
        ({"tags": "a b"}, "another spelling or type"),
        ({"level": 1.5}, "another unit or scale"),
        ({"level": 0.9}, "another unit or scale"),
        ({"zone": "cellar"}, "invented"),
        ({"zone": "bar"}, "another value"),
        ({"extra": 1}, "not asked for"),
    ],
)
def test_each_way_of_being_wrong_has_its_name(changed: dict[str, Any], how: str):
    ((parameter, told),) = found(ToolCall("set", {**RIGHT, **changed}))
    assert (parameter, told) == (next(iter(changed)), how)


def test_what_is_left_out_is_told():
    assert found(ToolCall("set", {"zone": "lobby", "from": "hall", "level": 90})) == [("tags", "left out")]


def test_what_is_right_is_not_told():
    assert found(ToolCall("set", RIGHT)) == []


def test_calls_of_other_tools_are_another_matter():
    assert found(ToolCall("get", RIGHT)) == []
    assert found() == []


def test_of_two_calls_each_is_compared_with_the_one_that_it_is_meant_for():
    one, other = ToolCall("set", {"zone": "a", "level": 1}), ToolCall("set", {"zone": "b", "level": 2})
    assert found(ToolCall("set", {"zone": "b", "level": 3}), one, wanted=(one, other)) == [("level", "invented")]


def test_the_same_fault_twice_is_one_with_a_count():
    assert WrongArgument("set", "zone", "invented") == WrongArgument("set", "zone", "invented")
    assert len({WrongArgument("set", "zone", "invented"), WrongArgument("set", "zone", "invented")}) == 1
