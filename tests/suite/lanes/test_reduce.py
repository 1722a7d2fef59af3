"""Cases get smaller while they fail, keep what is known about the right answer, and stay within the budget."""

from dataclasses import replace

import pytest

from fixtures.choosing import SeededChooser
from fixtures.grounding import ungrounded
from fixtures.reading.arguments import first_fault
from fixtures.types import Case, Catalog, Oracle, Tool, ToolCall, Wanted, assistant, user
from suite.engine import ScriptedEngine
from suite.exam.cases import clear, only_in_history
from suite.exam.scene import Scene
from suite.judging.contract import contract
from suite.lanes.asking import Asker
from suite.lanes.reduce import fewer_words, reduce, reductions, shorter_names, simpler_schemas, size
from suite.outcome import Broken, Held, Rate

SCENE = Scene(catalogs=())


def asker():
    return Asker(ScriptedEngine(lambda prompt: "No.<end_of_turn>"), max_new_tokens=10)


def fails_if(predicate):
    @contract(cases=clear, bar=Rate(0.9))
    def judged(case, reply):
        """Breaks where the test says."""
        return Broken("broken", "held") if predicate(case) else Held()

    return judged


def drawn(seed, tools=5):
    chooser = SeededChooser(seed)
    while len((case := clear(SCENE, chooser)).catalog.tools) < tools:
        pass
    return case


@pytest.mark.parametrize("seed", range(5))
def test_a_failure_that_needs_two_tools_ends_with_two_bare_ones(seed):
    found = reduce(fails_if(lambda c: len(c.catalog.tools) >= 2), drawn(seed), Broken("", ""), asker(), 500)
    (call,) = found.case.oracle.calls or ()
    called = call.name
    assert found.minimal
    assert len(found.case.catalog.tools) == 2
    spare = next(tool for tool in found.case.catalog.tools if tool.name != called)
    assert spare.description == ""
    assert not spare.parameters["properties"]
    assert set(found.case.catalog[called].parameters["properties"]) == set(call.arguments)


@pytest.mark.parametrize("seed", range(40))
def test_every_reduction_is_smaller_and_keeps_the_right_answer_right(seed):
    case = clear(SCENE, SeededChooser(seed))
    for smaller in reductions(case):
        assert size(smaller) < size(case)
        for call in smaller.oracle.calls or ():
            assert first_fault(smaller.catalog[call.name].parameters, call.arguments) == ""
            assert ungrounded(smaller, call.name, call.arguments) == []


def test_when_nothing_fits_the_history_and_any_word_may_go():
    case = only_in_history(SCENE, SeededChooser(3))
    found = reduce(fails_if(lambda c: "a" in c.request), case, Broken("", ""), asker(), 500)
    assert len(found.case.messages) == 1
    assert len(found.case.request.split(" ")) == 1


def test_the_turn_that_a_correction_corrects_stays():
    call = ToolCall("set", {"level": 5})
    tool = Tool("set", "", {"type": "object", "properties": {"level": {"type": "integer"}}})
    before = (user("hello"), assistant((), "Hi."), user("set level 3"), assistant([ToolCall("set", {"level": 3})]))
    case = Case(Catalog("c", (tool,)), (*before, user("no, 5")), Oracle((call,)))
    found = reduce(fails_if(lambda c: True), case, Broken("", ""), asker(), 100)
    assert [m["content"] for m in found.case.messages if m["role"] == "user"] == ["set level 3", "no, 5"]


def test_a_name_gets_shorter_wherever_it_is_called_and_stays_where_it_is_said():
    lamp = Tool("set_lamp", "Set a lamp.", {"type": "object", "properties": {}})
    blind = Tool("move_blind", "Move a blind.", {"type": "object", "properties": {}})
    call = ToolCall("set_lamp", {})
    done = {"role": "tool", "content": {"name": "set_lamp", "response": {"ok": True}}}
    messages = (user("light"), assistant([call]), done, user("use move_blind, then light"))
    case = Case(Catalog("c", (lamp, blind), priority=("set_lamp",)), messages, Oracle((call,)))
    (shorter,) = shorter_names(case)
    assert shorter.catalog.names == ("set", "move_blind")
    assert shorter.catalog.priority == ("set",)
    assert shorter.oracle.calls == (ToolCall("set", {}),)
    assert shorter.messages[1]["tool_calls"][0]["function"]["name"] == "set"
    assert shorter.messages[2]["content"]["name"] == "set"
    assert shorter.request == case.request


def test_a_schema_loses_all_but_types_and_options():
    schema = {"type": "string", "enum": ["a"], "description": "One of them.", "minLength": 1}
    tool = Tool("set", "", {"type": "object", "properties": {"mode": schema}})
    call = ToolCall("set", {"mode": "a"})
    (simpler,) = simpler_schemas(Case(Catalog("c", (tool,)), (user("a"),), Oracle((call,))))
    assert simpler.catalog["set"].parameters["properties"] == {"mode": {"type": "string", "enum": ["a"]}}


@pytest.mark.parametrize(
    ("request_", "value", "left"),
    [
        ("please post thanks for all to ann", "thanks for all", "post thanks for all to ann"),
        ("post 'please hold' please", "please hold", "post 'please hold'"),
        ("hi, post Hi There", "hi_there", "post Hi There"),
        ("please post now", "now", "post now"),
    ],
)
def test_politeness_goes_and_a_value_stays_whole(request_, value, left):
    tool = Tool("post", "", {"type": "object", "properties": {"text": {"type": "string"}}})
    call = ToolCall("post", {"text": value})
    case = Case(Catalog("own", (tool,)), (user(request_),), Oracle((call,)))
    assert [smaller.request for smaller in fewer_words(case)] == [left]
    also = replace(case, oracle=Oracle((call,), ((Wanted("post", {"text": "x"}, {"text": (value,)}),),)))
    assert [smaller.request for smaller in fewer_words(also)] == [left]


@pytest.mark.parametrize("calls", [0, 1, 7])
def test_the_budget_is_kept_and_what_it_cut_off_is_not_called_minimal(calls):
    engine = ScriptedEngine(lambda prompt: "No.<end_of_turn>")
    found = reduce(fails_if(lambda c: True), drawn(1), Broken("", ""), Asker(engine, max_new_tokens=10), calls)
    assert engine.calls == found.calls <= calls
    assert not found.minimal


def test_what_breaks_in_the_smallest_case_is_told():
    @contract(cases=clear, bar=Rate(0.9))
    def counts(case, reply):
        """Breaks always."""
        return Broken(f"{len(case.catalog.tools)} tools", "")

    found = reduce(counts, drawn(2), Broken("5 tools", ""), asker(), 500)
    assert found.broken.got == "1 tools"
