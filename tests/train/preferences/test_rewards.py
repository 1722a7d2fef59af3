"""Each reward against replies written by hand: right, wrong and broken ones, in both formats."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fixtures.answers import NOTHING_FITS
from fixtures.catalogs import read_catalog
from fixtures.formats import load_format
from fixtures.types import Case, Catalog, Oracle, Tool, ToolCall, assistant, user
from suite.reply import Generation, Reply
from tests.miniature import TINY_FORMATS
from train.preferences.rewards import REWARDS, energy

CATALOG = Catalog(
    "lamps",
    (
        Tool(
            "set_lamp",
            "Sets a lamp.",
            {
                "type": "object",
                "properties": {"room": {"type": "string"}, "level": {"type": "integer", "maximum": 100}},
                "required": ["room"],
            },
        ),
        Tool(
            "ring_bell",
            "Rings.",
            {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]},
        ),
    ),
)
RIGHT = ToolCall("set_lamp", {"room": "lobby", "level": 20})
ASKED = Case(CATALOG, (user("dim the lobby to 20"),), Oracle((RIGHT,)))
NOTHING = Case(CATALOG, (user("book a taxi"),), Oracle(()))


def says(form: str, *calls: ToolCall, confidence: float = 0.9, finish: str = "stop", cut: int = 0) -> Reply:
    """What a model that speaks the format writes to make these calls, or to refuse; `cut` characters short."""
    wire = load_format(form)
    declared = [*CATALOG.declarations(), Tool("call_taxi", "", {"type": "object", "properties": {}}).declaration()]
    message = assistant(calls, "" if calls else NOTHING_FITS, confidence)
    rendered = wire.render([user("hi"), message], declared)
    start, end = rendered.answers[-1]
    text = rendered.text[start : end - cut]
    return Reply(Generation(text, (), finish), wire.parse(text))  # type: ignore[arg-type]


def earned(case: Case, reply: Reply) -> dict[str, float | None]:
    return {name: reward(case, reply) for name, reward in REWARDS.items() if name not in ("calibrated", "energy")}


CALLS = {
    "right": ([RIGHT], {}),
    "wrong value": ([ToolCall("set_lamp", {"room": "20", "level": 20})], {"arguments": 0.0}),
    "made up value": ([ToolCall("set_lamp", {"room": "spa", "level": 20})], {"arguments": 0.0, "grounded": 0.0}),
    "against the schema": (
        [ToolCall("set_lamp", {"room": "lobby", "level": "20"})],
        {"arguments": 0.0, "schema": 0.0},
    ),
    "wrong tool": ([ToolCall("ring_bell", {"room": "lobby"})], {"tool": 0.0, "arguments": 0.0}),
    "undeclared tool": ([ToolCall("call_taxi", {})], {"tool": 0.0, "arguments": 0.0, "declared": 0.0, "grounded": 0.0}),
    "no call": ([], {"tool": 0.0, "arguments": 0.0}),
    "twice": ([RIGHT, RIGHT], {"tool": 0.0, "arguments": 0.0}),
}


@pytest.mark.parametrize("form", TINY_FORMATS)
@pytest.mark.parametrize("kind", CALLS)
def test_a_reply_earns_all_but_what_it_breaks(kind: str, form: str):
    calls, lost = CALLS[kind]
    names = ("parses", "declared", "schema", "tool", "arguments", "grounded")
    assert earned(ASKED, says(form, *calls)) == dict.fromkeys(names, 1.0) | lost


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_a_reply_that_cannot_be_read_earns_nothing(form: str):
    broken = says(form, RIGHT, finish="length", cut=40)
    assert broken.parsed.status == "undecodable"
    assert set(earned(ASKED, broken).values()) == {0.0}
    assert set(earned(NOTHING, broken).values()) == {0.0}


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_a_reply_that_does_not_end_loses_parsing_and_schema(form: str):
    reply = says(form, RIGHT, finish="length")
    assert [name for name, reward in earned(ASKED, reply).items() if reward == 0] == ["parses", "schema"]


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_where_nothing_fits_no_call_earns_more_than_any_call(form: str):
    refusal = sum(reward or 0 for reward in earned(NOTHING, says(form)).values())
    assert refusal == 6
    for calls, _ in CALLS.values():
        if calls:
            assert sum(reward or 0 for reward in earned(NOTHING, says(form, *calls)).values()) < refusal


@pytest.mark.parametrize(
    ("calls", "confidence", "worth"),
    [([RIGHT], 1.0, 1.0), ([RIGHT], 0.6, 0.84), ([], 1.0, 0.0), ([], 0.3, 0.91), ([], 0.0, 1.0)],
    ids=["right, sure", "right, doubtful", "wrong, sure", "wrong, doubtful", "wrong, and knows it"],
)
def test_stated_confidence_earns_one_minus_its_squared_error(calls: list[ToolCall], confidence: float, worth: float):
    assert REWARDS["calibrated"](ASKED, says("intent_json", *calls, confidence=confidence)) == pytest.approx(worth)


def test_a_reply_without_stated_confidence_counts_as_certain():
    assert REWARDS["calibrated"](ASKED, says("intent_json", RIGHT, cut=40, finish="length")) == 0.0


COOLING = read_catalog(
    {
        "tools": [tool.declaration() for tool in CATALOG.tools],
        "cost": {"set_lamp": 40, "ring_bell": 1},
        "shared": [{"tools": ["set_lamp", "ring_bell"], "phrases": ["show the guest the way"]}],
    },
    where="test",
    name="test",
)


@pytest.mark.parametrize("form", TINY_FORMATS)
@pytest.mark.parametrize(
    ("calls", "worth"),
    [
        ([ToolCall("ring_bell", {"room": "lobby"})], 1.0),
        ([ToolCall("set_lamp", {"room": "lobby"})], 0.0),
        ([ToolCall("call_taxi", {})], 0.0),
        ([], 0.0),
    ],
    ids=["cheapest", "dearest", "other", "none"],
)
def test_energy_is_earned_by_the_cheapest_tool_that_serves(calls: list[ToolCall], worth: float, form: str):
    case = replace(ASKED, messages=(user("please show the guest the way in the lobby"),))
    assert energy(case, says(form, *calls), [COOLING]) == worth


def test_energy_says_nothing_where_no_cost_decides():
    assert energy(ASKED, says("intent_json", RIGHT), [COOLING]) is None
    assert REWARDS["energy"](ASKED, says("intent_json", RIGHT)) is None


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_a_cheap_call_that_cannot_be_read_earns_no_energy(form: str):
    case = replace(ASKED, messages=(user("please show the guest the way in the lobby"),))
    broken = says(form, ToolCall("ring_bell", {"room": "lobby"}), cut=46, finish="length")
    assert energy(case, broken, [COOLING]) == 0.0
