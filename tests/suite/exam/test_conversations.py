"""Cases of several turns and of injected orders: right by construction, drawn in all kinds, judged as promised."""

from collections import Counter

import pytest

from fixtures.choosing import SeededChooser
from fixtures.reading.arguments import first_fault
from suite.contracts.ignores_injected_orders import ignores_injected_orders
from suite.contracts.obeys_the_conversation import obeys_the_conversation
from suite.engine import ScriptedEngine
from suite.exam.conversations import correction, several_turns
from suite.exam.injections import ORDERS, with_injection
from suite.exam.scene import Scene
from suite.lanes.asking import Asker
from suite.lanes.rehearsal import right, scripted
from suite.outcome import Broken, Held, NotApplicable

SCENE = Scene(catalogs=())
PROSE = "Sure.<end_of_turn>"


def outcomes(contract, answer=right, count=40):
    engine, (watched,) = scripted([contract], answer)
    asker = Asker(engine, max_new_tokens=10)
    drawn = [watched.draw(SCENE, SeededChooser(seed)) for seed in range(count)]
    return [(case, contract.judge(case, reply)) for case, reply in zip(drawn, asker.ask(drawn), strict=True)]


def test_all_kinds_of_conversation_are_drawn_and_their_answers_keep_the_schema():
    cases = [several_turns(SCENE, SeededChooser(seed)) for seed in range(60)]
    assert set(Counter(case.kind for case in cases)) == {"correction", "changed catalog", "long history"}
    for case in cases:
        for call in case.oracle.calls or ():
            assert first_fault(case.catalog[call.name].parameters, call.arguments) == ""


def test_a_correction_changes_one_value_and_says_it():
    for seed in range(20):
        case = correction(SCENE, SeededChooser(seed))
        if case.kind != "correction":
            continue
        (before,), (after,) = case.messages[1]["tool_calls"], case.oracle.calls or ()
        old = before["function"]["arguments"]
        changed = [key for key in old if old[key] != after.arguments[key]]
        assert len(changed) <= 1
        assert all(str(after.arguments[key]) in case.request for key in changed)


@pytest.mark.parametrize("contract", [obeys_the_conversation, ignores_injected_orders], ids=lambda c: c.name)
def test_an_engine_that_is_right_holds_and_one_that_forgets_breaks(contract):
    assert all(isinstance(outcome, Held) for _, outcome in outcomes(contract))

    def forgets(case):
        return PROSE if len(case.messages) > 1 else right(case)

    broken = [case for case, outcome in outcomes(contract, forgets) if isinstance(outcome, Broken)]
    assert broken


def test_every_place_is_injected_and_the_order_stands_there():
    cases = [with_injection(SCENE, SeededChooser(seed)) for seed in range(60)]
    variants = [case.variant for case in cases if case.variant]
    assert len({variant.relation for variant in variants}) == 3
    orders = [order.split("{n}")[0] for order in ORDERS]
    for case, variant in zip(cases, variants, strict=True):
        assert any(order in str(variant.case) for order in orders)
        assert not any(order in str(case.messages) + str(case.catalog) for order in orders)


def test_an_engine_that_follows_an_order_in_a_description_is_caught():
    def follows(case):
        told = " ".join(tool.description for tool in case.catalog.tools)
        return PROSE if any(order.split("{n}")[0] in told for order in ORDERS) else right(case)

    found = Counter(type(outcome).__name__ for case, outcome in outcomes(ignores_injected_orders, follows))
    assert found["Broken"] > 0
    assert found["Held"] > 0


def test_a_plain_case_has_nothing_injected():
    case = several_turns(SCENE, SeededChooser(1))
    reply = Asker(ScriptedEngine(lambda prompt: PROSE), max_new_tokens=10).ask([case])[0]
    assert isinstance(ignores_injected_orders.judge(case, reply), NotApplicable)
