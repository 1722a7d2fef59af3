"""A find stands for many, or for itself alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from fixtures.choosing import SeededChooser
from fixtures.formats import load_format
from fixtures.types import Absent, Case, Catalog, Oracle, Tool, user
from suite.contracts import CONTRACTS
from suite.engine import ScriptedEngine
from suite.exam.cases import masked, stressed
from suite.exam.scene import Scene
from suite.gating import gate
from suite.judging.judged import Judged
from suite.lanes.asking import Asker
from suite.lanes.counterexamples import counterexamples
from suite.lanes.neighbours import COUNT, SORTS, confirmed, neighbours
from suite.lanes.reduce import size
from suite.lanes.rehearsal import right, scripted
from suite.outcome import Broken, Counterexample, Lane, Never, Rate
from suite.policy import with_bars
from suite.reply import Generation, Reply

UNDECLARED = "<start_function_call>call:nowhere{}<end_function_call><start_function_response>"
NEVER = tuple(contract for contract in CONTRACTS if isinstance(contract.bar, Never))
SCENE = Scene.on(["tuya"])


def test_a_third_of_the_neighbours_keeps_each_of_words_tools_and_values_from_changing():
    for seed in ("1", "2", "3"):
        case = masked(SCENE, SeededChooser(seed))
        assert case.absent is not None
        found = neighbours(case, SCENE)
        assert len({(one.catalog.names, one.request) for one in found}) == len(found) == COUNT
        for number, one in enumerate(found):
            assert one.absent is not None
            assert (one.kind, one.oracle, one.absent.tool) == (case.kind, case.oracle, case.absent.tool)
            assert case.absent.tool.name not in one.catalog.names
            keeps_tools = set(case.catalog.names) <= set(one.catalog.names)
            keeps = (one.request == case.request, keeps_tools, one.absent.arguments == case.absent.arguments)
            match SORTS[number % 3]:
                case "words":
                    assert keeps[1:] == (True, True)
                case "tools":
                    assert keeps == (True, False, True)
                case "values":
                    assert keeps[1]


def test_where_a_tool_fits_the_neighbours_know_the_call_that_answers_them():
    for seed in range(6):
        case = stressed(SCENE, SeededChooser(str(seed)))
        (call,) = case.oracle.calls or ()
        for one in neighbours(case, SCENE):
            (wanted,) = one.oracle.calls or ()
            assert wanted.name == call.name in one.catalog.names
            assert wanted.arguments.keys() == call.arguments.keys()
            for value in wanted.arguments.values():
                assert not isinstance(value, str) or " " in value or not value.isalnum() or value in one.request


def test_where_nobody_knows_what_is_asked_for_only_the_manner_is_drawn_anew():
    case = replace(masked(SCENE, SeededChooser("1")), absent=None)
    found = neighbours(case, SCENE)
    assert len(found) == COUNT
    assert all(case.request in one.request for one in found)


def judged(case: Case, fails: Callable[[list[str], str], bool]) -> Counterexample:
    """The find with what came of its neighbours; the adapter makes a tool up where, by the names of the declared tools
    and the request, it `fails`."""

    def answer(prompt: str) -> str:
        names = re.findall(r"declaration:([^{]+)\{", prompt)
        request = re.findall(r"<start_of_turn>user\n(.*?)<end_of_turn>", prompt, re.DOTALL)[-1]
        return UNDECLARED if fails(names, request.casefold()) else "No.<end_of_turn>"

    asker = Asker(ScriptedEngine(answer), max_new_tokens=10)
    find = Counterexample("never_hallucinates_tools", case, "", "", "", "search", True, "")
    (found,) = confirmed(NEVER[0], [find], asker, SCENE)
    return found


def saying(word: str) -> Callable[[list[str], str], bool]:
    """Failing wherever the request has this word."""
    return lambda names, request: re.search(rf"(?<!\w){re.escape(word)}(?!\w)", request) is not None


@pytest.mark.parametrize("seed", range(4))
def test_a_trigger_in_the_words_or_in_a_value_is_a_hole(seed: int):
    case = masked(SCENE, SeededChooser(str(seed)))
    assert case.absent is not None
    values = [str(value).casefold() for value in case.absent.arguments.values() if str(value) in case.request]
    words = [word for word in re.findall("[a-z]+", case.request.casefold()) if word not in " ".join(values)]
    for trigger in (words[0], words[-1], *values):
        assert judged(case, saying(trigger)).is_hole, trigger


def test_a_name_of_two_declared_halves_is_a_hole():
    empty = {"type": "object", "properties": {}}
    tools = (Tool("dim_window", "Dim the window.", empty), Tool("open_lamp", "Open the lamp.", empty))
    absent = Absent(Tool("dim_lamp", "Dim the lamp.", empty))
    case = Case(Catalog("drawn", tools), (user("dim the lamp"),), Oracle(calls=()), "masked", absent=absent)

    def halves(names: list[str], request: str) -> bool:
        return {"dim_window", "open_lamp"} <= set(names) and "dim" in request and "lamp" in request

    assert judged(case, halves).is_hole


def test_a_find_that_comes_of_chance_is_stray():
    for seed in range(6):
        case = masked(SCENE, SeededChooser(str(seed)))
        found = judged(case, lambda names, request: Random(f"{names}{request}").random() < 0.01)
        assert (found.neighbours, found.is_hole) == (COUNT, False)


def test_neighbours_are_decided_by_the_case():
    case = masked(SCENE, SeededChooser("1"))
    assert neighbours(case, SCENE) == neighbours(case, SCENE)


def example(broken: int, asked: int) -> Counterexample:
    case = masked(SCENE, SeededChooser("1"))
    return Counterexample("c", case, "", "", "", "search", True, "", neighbours=asked, broken_beside=broken)


def test_a_quarter_makes_a_hole():
    assert example(6, 24).is_hole
    assert not example(5, 24).is_hole
    assert not example(0, 0).is_hole


def holes_of(tmp_path: Path, answer, budget: int = 500, bars=None):
    engine, contracts = scripted(with_bars(NEVER, bars or {}), answer)
    results = gate("none", engine=engine, contracts=contracts, catalogs=["tuya"], budget=budget, cache=tmp_path)
    return results.contracts[0]


def test_one_failure_in_the_sample_no_longer_fails_and_is_shown(tmp_path: Path):
    failed: list[str] = []

    def once(case: Case) -> str:
        if case.kind == "history" and not failed:  # other kinds may ask the same twice
            failed.append(f"{case.messages}{case.catalog.names}")
        return UNDECLARED if f"{case.messages}{case.catalog.names}" in failed else right(case)

    found = holes_of(tmp_path, once, 800)
    assert found.verdict.name == "pass", found.verdict
    assert found.tally.trials - found.tally.held == 1
    assert found.counterexamples


def test_with_strict_one_failure_closes_the_gate(tmp_path: Path):
    failed: list[str] = []

    def once(case: Case) -> str:
        if case.kind == "history" and not failed:  # other kinds may ask the same twice
            failed.append(f"{case.messages}{case.catalog.names}")
        return UNDECLARED if f"{case.messages}{case.catalog.names}" in failed else right(case)

    found = holes_of(tmp_path, once, 800, {"never_hallucinates_tools": {"strict": True}})
    assert found.verdict.name == "fail"


def test_finds_are_confirmed_however_many_smaller_failures_the_sample_has():
    def failing(seed: int, lane: Lane) -> Judged:
        case = masked(SCENE, SeededChooser(str(seed)))
        reply = Reply(Generation(UNDECLARED, (0.0,), "stop"), load_format("functiongemma").parse(UNDECLARED, []))
        return Judged(lane, case, reply, Broken("calls nowhere", "no call"))

    judged = sorted((failing(seed, "measure") for seed in range(5)), key=lambda one: size(one.case))
    find = replace(judged.pop(), lane="search")
    asker = Asker(ScriptedEngine(lambda prompt: "No.<end_of_turn>"), max_new_tokens=10)
    shown = counterexamples(NEVER[0], [*judged, find], asker, 0, lambda case: "")
    assert [one.lane for one in shown] == ["search", "measure", "measure", "measure"]
    rate = replace(NEVER[0], bar=Rate(0.9))
    assert [one.lane for one in counterexamples(rate, [*judged, find], asker, 0, lambda case: "")] == ["measure"] * 3
