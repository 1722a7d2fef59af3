"""What is right where a value is missing, by the catalog's policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fixtures.formats import load_format
from fixtures.types import Case, Catalog, Fallback, Missing, Oracle, Policy, Tool, ToolCall, assistant, user
from suite.contracts.asks_for_what_is_missing import asks_for_what_is_missing
from suite.lanes.rehearsal import write
from suite.outcome import Broken, Held, NotApplicable
from suite.reply import Generation, Reply
from suite.results.cases import case_from_json, case_to_json

ROOM = {"type": "string"}
LOCK = Tool("lock", "Locks a room.", {"type": "object", "properties": {"room": ROOM, "by": ROOM}, "required": ["room"]})
HELP = Tool("help", "For all else.", {"type": "object", "properties": {}})
FORM = load_format("functiongemma")


def case(policy: Policy = "abstain") -> Case:
    return Case(
        Catalog("c", (LOCK, HELP), policy), (user("lock it by noon"),), Oracle(None, missing=Missing("lock", "room"))
    )


def judged(asked: Case, *calls: ToolCall, text: str = "Which room?") -> Any:
    raw = write(FORM, asked, dict(assistant(calls, "" if calls else text)))
    return asks_for_what_is_missing.judge(asked, Reply(Generation(raw, (), "stop", ()), FORM.parse(raw)))


@pytest.mark.parametrize("text", ["Which room?", "I cannot do that.", "Sure."])
def test_a_reply_without_a_call_is_right_whatever_it_says(text: str):
    assert isinstance(judged(case(), text=text), Held)


@pytest.mark.parametrize("arguments", [{"room": "12"}, {"room": "noon"}, {"room": "12", "by": "noon"}])
def test_a_value_that_nobody_said_for_it_is_wrong_under_every_policy(arguments: dict[str, Any]):
    for policy in ("abstain", "must_choose", Fallback("help")):
        found = judged(case(policy), ToolCall("lock", arguments))
        assert isinstance(found, Broken)
        assert "nobody said" in found.got


def test_a_call_without_the_value_is_wrong_unless_a_tool_must_be_chosen():
    assert isinstance(judged(case(), ToolCall("lock", {"by": "noon"})), Broken)
    assert isinstance(judged(case("must_choose"), ToolCall("lock", {"by": "noon"})), Held)


def test_the_fallback_alone_is_right():
    assert isinstance(judged(case(Fallback("help")), ToolCall("help", {})), Held)
    assert isinstance(judged(case(), ToolCall("help", {})), NotApplicable)  # it may look the value up


def test_noise_is_no_question():
    raw = "<start_function_call>call:lock{room:<end_function_call><end_of_turn>"
    reply = Reply(Generation(raw, (), "stop", ()), FORM.parse(raw))
    assert reply.parsed.status == "undecodable"
    assert isinstance(asks_for_what_is_missing.judge(case(), reply), Broken)


def test_where_nothing_is_missing_it_says_nothing():
    assert isinstance(judged(replace(case(), oracle=Oracle(()))), NotApplicable)


def test_a_case_keeps_what_is_missing_in_it():
    assert case_from_json(case_to_json(case())) == case()
