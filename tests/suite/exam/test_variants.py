"""Every relation changes what it says and nothing that the right answer rests on; engines that mind it are caught."""

import json
import re
from dataclasses import replace

import pytest

from fixtures.choosing import SeededChooser
from fixtures.formats import load_format
from fixtures.grounding import ungrounded
from fixtures.reading.arguments import first_fault
from fixtures.types import Case, Catalog, Oracle, Tool, ToolCall, Variant, user
from suite.contracts.same_answer_asked_otherwise import same_answer_asked_otherwise as contract
from suite.engine import ScriptedEngine
from suite.exam.cases import asked_otherwise, clear
from suite.exam.scene import Scene
from suite.exam.variants import RELATIONS, Unfit, restyled
from suite.judging.judged import Judged
from suite.lanes.asking import Asker
from suite.lanes.counterexamples import counterexamples
from suite.lanes.reduce import reduce
from suite.lanes.rehearsal import right, scripted
from suite.outcome import Broken, Held, NotApplicable
from suite.results.cases import case_from_json, case_to_json

SCENE = Scene(catalogs=())
NOTHING = "None of these tools can do that.<end_of_turn>"


def variants(relation, count=12):
    """(case, variant) of cases to which the relation has something to do."""
    found: list[tuple[Case, Variant]] = []
    seed = 0
    while len(found) < count:
        seed += 1
        assert seed < 2000, f"{relation.__name__} fits nearly no case"
        case = clear(SCENE, SeededChooser(f"{relation.__name__}:{seed}"))
        try:
            found.append((case, relation(SCENE, SeededChooser(seed), case)))
        except Unfit:
            continue
    return found


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda r: r.__name__)
def test_a_relation_changes_something_and_leaves_the_right_answer_right(relation):
    for case, variant in variants(relation):
        # As JSON texts: dictionaries are equal in any order.
        assert json.dumps(case_to_json(variant.case)) != json.dumps(case_to_json(case))
        for call in case.oracle.calls or ():
            renamed = variant.renamed(call)
            assert first_fault(variant.case.catalog[renamed.name].parameters, renamed.arguments) == ""
            assert ungrounded(variant.case, renamed.name, renamed.arguments) == []


def minding(pair):
    """An engine that is right about the case and says nothing to the variant, or to an odd number of tools."""
    form = load_format("functiongemma")

    def answer(prompt):
        declared = re.findall(r"declaration:([^{]+)\{", prompt)
        if "a tool less" in pair.variant.relation:
            return right(pair) if len(declared) % 2 == 0 else NOTHING
        tools = tuple(tool for tool in pair.catalog.tools if tool.name in declared)
        declarations = [tool.declaration() for tool in tools]
        same = form.render(pair.messages, declarations, prompt=True).text == prompt
        return right(pair) if same else NOTHING

    return Asker(ScriptedEngine(answer), max_new_tokens=10)


def prompt_of(form, case):
    """What a model reads of a case; FunctionGemma's template sorts parameters, so some orders look alike."""
    return form.render(case.messages, [tool.declaration() for tool in case.catalog.tools], prompt=True).text


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda r: r.__name__)
def test_an_engine_that_minds_the_relation_is_caught_with_a_pair_of_few_tools(relation):
    form = load_format("functiongemma")
    told = [
        (case, variant)
        for case, variant in variants(relation, 12)
        if prompt_of(form, case) != prompt_of(form, variant.case)
    ]
    for case, variant in told[:3]:
        pair = replace(case, kind="pair", variant=variant)
        asker = minding(pair)
        outcome = contract.judge(pair, asker.ask([pair])[0])
        assert isinstance(outcome, Broken)
        assert outcome.got.startswith(f"{variant.relation}: ")
        small = reduce(contract, pair, outcome, asker, 200)
        assert small.minimal
        # Two tools where it is about their order or number, else only the one that is called.
        assert len(small.case.catalog.tools) <= 2


def test_a_violation_is_told_with_the_replies_to_both_members_of_the_pair():
    case, variant = variants(RELATIONS[0], 1)[0]
    pair = replace(case, kind="pair", variant=variant)
    asker = minding(pair)
    (reply,) = asker.ask([pair])
    judged = Judged("measure", pair, reply, contract.judge(pair, reply))
    (example,) = counterexamples(contract, [judged], asker, 200, lambda case: "pytest")
    assert (example.raw, example.other) == (right(example.case), NOTHING)


def test_an_engine_that_does_not_mind_holds():
    engine, (watched,) = scripted([contract])
    asker = Asker(engine, max_new_tokens=10)
    for seed in range(20):
        pair = watched.draw(SCENE, SeededChooser(seed))
        assert isinstance(contract.judge(pair, asker.ask([pair])[0]), Held)


def test_a_case_without_a_variant_is_not_applicable():
    case = clear(SCENE, SeededChooser(1))
    reply = Asker(ScriptedEngine(lambda prompt: right(case)), max_new_tokens=10).ask([case])[0]
    assert isinstance(contract.judge(case, reply), NotApplicable)


def test_a_pair_comes_back_from_json_as_it_was():
    pair = asked_otherwise(SCENE, SeededChooser(4))
    again = case_from_json(json.loads(json.dumps(case_to_json(pair))))
    assert pair.variant is not None
    assert again.variant is not None
    assert again.variant.relation == pair.variant.relation
    assert case_to_json(again) == case_to_json(pair)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("set_room_light", "setRoomLight"),
        ("setRoomLight", "set_room_light"),
        ("lamp.set_on", "lamp.setOn"),
        ("go", "go"),
    ],
)
def test_names_in_another_style(name, other):
    assert restyled(name) == other


def test_a_call_is_renamed_along():
    tool = Tool("set_lamp", "", {"type": "object", "properties": {"light_level": {"type": "integer"}}})
    call = ToolCall("set_lamp", {"light_level": 5})
    case = Case(Catalog("c", (tool,)), (user("light level 5"),), Oracle((call,)))
    renamed = {relation.__name__: relation for relation in RELATIONS}
    tools = renamed["tools_renamed"](SCENE, SeededChooser(1), case)
    parameters = renamed["parameters_renamed"](SCENE, SeededChooser(1), case)
    assert tools.renamed(call) == ToolCall("setLamp", {"light_level": 5})
    assert parameters.renamed(call) == ToolCall("set_lamp", {"lightLevel": 5})
