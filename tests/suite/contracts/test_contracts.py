"""Each contract holds, breaks, and is not applicable somewhere; a contract nobody saw break is not trusted."""

from dataclasses import replace

import pytest

from fixtures.formats import load_format
from fixtures.types import Case, Catalog, Fallback, Oracle, Tool, ToolCall, user
from suite.contracts import CONTRACTS
from suite.contracts.calibrated_confidence import calibrated_confidence
from suite.contracts.chooses_a_tool import chooses_a_tool
from suite.contracts.grounded_arguments import grounded_arguments
from suite.contracts.knows_when_nothing_fits import knows_when_nothing_fits
from suite.contracts.never_hallucinates_tools import never_hallucinates_tools
from suite.contracts.right_arguments import right_arguments
from suite.contracts.right_tool import right_tool
from suite.contracts.stops_and_stays_short import stops_and_stays_short
from suite.contracts.valid_calls import valid_calls
from suite.outcome import Broken, Held, NotApplicable, Scored
from suite.reply import Generation, Reply

LAMP = Tool(
    "set_lamp",
    "Set the lamp.",
    {"type": "object", "properties": {"level": {"type": "integer", "maximum": 100}}, "required": ["level"]},
)
CASE = Case(
    Catalog("home", (LAMP,)), (user("set the lamp to level 20"),), Oracle((ToolCall("set_lamp", {"level": 20}),))
)
CALL = "<start_function_call>call:set_lamp{level:20}<end_function_call>"
GOOD = CALL + "<start_function_response>"


def reply(text, finish="stop", logprob=-0.1, form="functiongemma"):
    return Reply(Generation(text, (logprob,), finish), load_format(form).parse(text))


OUTCOMES = [
    (chooses_a_tool, GOOD, Held),
    (chooses_a_tool, "Sure, I will do that.<end_of_turn>", Broken),
    (chooses_a_tool, "", Broken),
    (chooses_a_tool, "<start_function_call>call:set_lamp{level:", Broken),
    (never_hallucinates_tools, GOOD, Held),
    (never_hallucinates_tools, "None of these tools can do that.<end_of_turn>", Held),
    (never_hallucinates_tools, GOOD.replace("set_lamp", "set_lamps"), Broken),
    (never_hallucinates_tools, "<start_function_call>call:set_lamp{level:", NotApplicable),
    (valid_calls, GOOD, Held),
    (valid_calls, GOOD.replace("20", "200"), Broken),
    (valid_calls, GOOD.replace("level:20", ""), Broken),
    (valid_calls, GOOD.replace("level:20", "level:20,colour:<escape>red<escape>"), Broken),
    (valid_calls, GOOD.replace("<end_function_call>", ""), Broken),
    (valid_calls, "<start_function_call>call:set_lamp{level:", Broken),
    (valid_calls, "None of these tools can do that.<end_of_turn>", NotApplicable),
    (calibrated_confidence, GOOD, Scored),
    (right_tool, GOOD, Held),
    (right_tool, GOOD.replace("20", "21"), Held),
    (right_tool, GOOD.replace("set_lamp", "set_fan"), Broken),
    (right_tool, GOOD.replace("<end_function_call>", "<end_function_call>" + CALL, 1), Broken),
    (right_tool, "None of these tools can do that.<end_of_turn>", Broken),
    (right_arguments, GOOD, Held),
    (right_arguments, GOOD.replace("20", "21"), Broken),
    (right_arguments, GOOD.replace("20", "<escape>20<escape>"), Broken),
    (right_arguments, GOOD.replace("set_lamp", "set_fan"), NotApplicable),
    (grounded_arguments, GOOD, Held),
    (grounded_arguments, GOOD.replace("20", "21"), Broken),
    (grounded_arguments, GOOD.replace("level:20", "level:20,id:<escape>lamp-7<escape>"), Broken),
    (grounded_arguments, GOOD.replace("set_lamp", "set_fan"), NotApplicable),
    (stops_and_stays_short, GOOD, Held),
    (stops_and_stays_short, CALL + GOOD, Broken),
    (stops_and_stays_short, "Sure! " + GOOD, Broken),
    (stops_and_stays_short, "None of these tools can do that.<end_of_turn>", NotApplicable),
]


@pytest.mark.parametrize(("contract", "text", "kind"), OUTCOMES, ids=lambda v: getattr(v, "name", None))
def test_a_contract_says_what_its_promise_says(contract, text, kind):
    assert isinstance(contract.judge(CASE, reply(text)), kind)


NOTHING_FITS = [
    ("abstain", "None of these tools can do that.<end_of_turn>", Held),
    ("abstain", GOOD, Broken),
    ("abstain", "<start_function_call>call:set_lamp{level:", Broken),
    ("must_choose", GOOD, Held),
    ("must_choose", GOOD.replace("set_lamp", "set_fan"), Broken),
    ("must_choose", "None of these tools can do that.<end_of_turn>", Broken),
]


FALLBACK = [
    (GOOD.replace("set_lamp", "ask_desk").replace("level:20", ""), Held),
    (GOOD.replace("set_lamp", "ask_desk"), Held),
    (GOOD, Broken),
    (CALL.replace("set_lamp", "ask_desk") + GOOD, Broken),
    (2 * CALL.replace("set_lamp", "ask_desk") + "<start_function_response>", Broken),
    ("None of these tools can do that.<end_of_turn>", Broken),
    ("<start_function_call>call:ask_desk{level:", Broken),
]


@pytest.mark.parametrize(("text", "kind"), FALLBACK)
def test_a_fallback_is_called_once_and_alone_when_nothing_fits(text, kind):
    desk = replace(LAMP, name="ask_desk", description="Ask the desk.")
    case = replace(CASE, catalog=Catalog("home", (LAMP, desk), Fallback("ask_desk")), oracle=Oracle(()))
    outcome = knows_when_nothing_fits.judge(case, reply(text))
    assert isinstance(outcome, kind)
    scored = calibrated_confidence.judge(case, reply(text))
    assert isinstance(scored, Scored)
    assert scored.correct == isinstance(outcome, Held)
    if isinstance(outcome, Broken):
        assert outcome.wanted == "one call of ask_desk"


@pytest.mark.parametrize(("policy", "text", "kind"), NOTHING_FITS)
def test_what_is_right_when_nothing_fits_is_the_catalogs_policy(policy, text, kind):
    case = replace(CASE, catalog=replace(CASE.catalog, policy=policy), oracle=Oracle(()))
    assert isinstance(knows_when_nothing_fits.judge(case, reply(text)), kind)


def test_where_a_tool_serves_abstention_is_not_asked_for():
    assert isinstance(knows_when_nothing_fits.judge(CASE, reply(GOOD)), NotApplicable)


def test_an_unknown_answer_is_neither_right_nor_wrong():
    nobody_knows = replace(CASE, oracle=Oracle(None))
    assert isinstance(right_tool.judge(nobody_knows, reply(GOOD)), NotApplicable)
    assert isinstance(right_arguments.judge(nobody_knows, reply(GOOD)), NotApplicable)


def test_an_endless_reply_does_not_stop():
    assert isinstance(stops_and_stays_short.judge(CASE, reply(GOOD, finish="length")), Broken)


def test_a_reply_cut_off_at_the_limit_is_not_valid():
    assert isinstance(valid_calls.judge(CASE, reply(GOOD, finish="length")), Broken)


def test_an_unknown_with_low_confidence_breaks_the_choice_of_a_tool():
    text = '{"function": "unknown", "arguments": {}, "confidence": 0.2}<end_of_turn>'
    assert isinstance(chooses_a_tool.judge(CASE, reply(text, form="intent_json")), Broken)


def test_every_contract_has_a_promise_and_a_name_of_its_own():
    assert len({c.name for c in CONTRACTS}) == len(CONTRACTS)
    assert all(c.promise.endswith(".") for c in CONTRACTS)
