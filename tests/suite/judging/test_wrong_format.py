"""An adapter that answers in another format than it is asked in is stopped in its first replies, and no other is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from pathlib import Path

import pytest

from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from fixtures.formats import FORMATS, load_format
from fixtures.types import Case
from suite.contracts.chooses_a_tool import chooses_a_tool
from suite.contracts.right_tool import right_tool
from suite.engine import ScriptedEngine
from suite.exam.scene import Scene
from suite.gating import gate
from suite.judging.wrong_format import MOST_LOOKED_AT, WrongFormat
from suite.lanes.asking import Asker
from suite.lanes.rehearsal import right, scripted

CASES = 40
NOTES = (
    "Noted.",
    "- milk\n- bread [2]",
    '{"note": "call the dentist"}',
    '[{"name": "Anna", "arguments": {"age": 7}}]',
    "",
)


def drawn(name: str) -> list[Case]:
    """Cases of one call at most, since not every format has two."""
    scene = Scene.on(["tuya"], 0, form=load_format(name))
    cases = [chooses_a_tool.draw(scene, SeededChooser(number)) for number in range(CASES)]
    return [case for case in cases if case.oracle.calls is not None and len(case.oracle.calls) < 2]


def asked(name: str, answer: Callable[[int, Case], str]) -> ScriptedEngine:
    """The engine behind a gate's first batch in this format, when all has been asked, or the asking was stopped."""
    form, cases = load_format(name), drawn(name)
    prompts = {
        form.render(case.messages, case.catalog.declarations(), prompt=True).text: (number, case)
        for number, case in enumerate(cases)
    }
    engine = ScriptedEngine(lambda prompt: answer(*prompts[prompt]), format=form, batch_size=4)
    Asker(engine, max_new_tokens=9, watch=WrongFormat(form, "theirs").look).ask(cases)
    return engine


@pytest.mark.parametrize(("writes", "gated_as"), list(permutations(FORMATS, 2)))
def test_an_adapter_that_answers_in_another_format_is_stopped_with_its_name(writes: str, gated_as: str) -> None:
    form = load_format(writes)
    with pytest.raises(UserError, match=f"answers in {writes}:") as caught:
        asked(gated_as, lambda number, case: right(case, form))
    assert caught.value.hint == f"--format {writes}"


@pytest.mark.parametrize("name", FORMATS)
def test_a_good_adapter_is_never_stopped(name: str) -> None:
    form = load_format(name)
    assert asked(name, lambda number, case: right(case, form)).calls == len(drawn(name))


@pytest.mark.parametrize("name", FORMATS)
def test_an_adapter_that_writes_notes_or_nonsense_is_never_stopped(name: str) -> None:
    assert asked(name, lambda number, case: NOTES[number % len(NOTES)]).calls == len(drawn(name))


@pytest.mark.parametrize("name", FORMATS)
def test_an_adapter_that_answers_in_its_format_half_of_the_time_is_judged_and_not_stopped(name: str) -> None:
    own, other = load_format(name), load_format("json" if name != "json" else "hermes")
    assert asked(name, lambda number, case: right(case, other if number % 2 else own)).calls == len(drawn(name))


def test_calls_to_tools_that_are_not_declared_are_no_sign_of_a_format() -> None:
    answer = '[{"name": "no_such_tool", "arguments": {}}]<end_of_turn>'
    assert asked("functiongemma", lambda number, case: answer).calls == len(drawn("functiongemma"))


def test_the_stop_of_the_other_format_ends_its_reply_though_the_engine_goes_on() -> None:
    form = load_format("hermes")
    with pytest.raises(UserError, match="answers in hermes"):
        asked("functiongemma", lambda number, case: right(case, form) + "<|im_start|>user\nMore")


def test_a_gate_ends_before_it_asks_more_and_without_a_verdict(tmp_path: Path) -> None:
    other = load_format("json")
    engine, contracts = scripted([right_tool], lambda case: right(case, other))
    with pytest.raises(UserError, match="this adapter answers in json") as caught:
        gate("none", engine=engine, contracts=contracts, cache=tmp_path, catalogs=["tuya"], made_up=0)
    assert caught.value.hint == "--format json"
    assert engine.calls <= MOST_LOOKED_AT
