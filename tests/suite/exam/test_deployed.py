"""Half of the cases on a given catalog declare all of it, and the cases of one number stand on one stage."""

from __future__ import annotations

from collections import Counter

import pytest

from fixtures.catalogs import load_catalog, read_catalog
from fixtures.choosing import SeededChooser
from suite.contracts import CONTRACTS
from suite.exam.cases import clear, masked
from suite.exam.scene import Scene, as_it_stands, is_large
from suite.judging.contract import measured

TUYA = load_catalog("hotel_lights")
NAMES = TUYA.catalog.names


def of(name: str):
    return next(contract for contract in CONTRACTS if contract.name == name)


@pytest.mark.parametrize(("percent", "least", "most"), [(0, 0, 10), (50, 80, 120), (100, 200, 200)])
def test_as_many_cases_as_are_said_declare_the_catalog_as_it_stands(percent: int, least: int, most: int):
    scene = Scene.on(["hotel_lights"], 0, as_deployed=percent)
    whole = sum(clear(scene, SeededChooser(f"{n}")).catalog.names == NAMES for n in range(200))
    assert least <= whole <= most


def test_a_case_that_hides_a_tool_has_the_others_in_their_order():
    scene = Scene.on(["hotel_lights"], 0, as_deployed=100)
    for n in range(30):
        shown = masked(scene, SeededChooser(f"{n}")).catalog.names
        assert len(shown) == len(NAMES) - 1
        assert list(shown) == [name for name in NAMES if name in shown]


def test_tools_that_nobody_can_ask_for_are_declared_in_their_place():
    mute = {"type": "object", "properties": {"c": {"type": "string", "pattern": "^(?=a)(?!a)$"}}, "required": ["c"]}
    tools: list[dict[str, object]] = [
        {"name": name, "description": f"Opens the {name}.", "parameters": {}} for name in ("door", "gate", "lift")
    ]
    tools.insert(1, {"name": "vault", "description": "Opens the vault.", "parameters": mute})
    given = read_catalog({"tools": tools}, where="mine", name="mine")
    assert [one.tool for one in given.unaskable] == ["vault"]
    stage = as_it_stands(given)
    assert stage.catalog().names == ("door", "vault", "gate", "lift")
    assert stage.catalog(stage.tools[1:]).names == ("vault", "gate", "lift")


def test_a_large_catalog_is_never_declared_as_a_whole():
    tools = [{"name": f"t{n}", "description": f"Opens {'very ' * 200}door {n}.", "parameters": {}} for n in range(40)]
    given = read_catalog(
        {"tools": tools, "phrases": {f"t{n}": [f"open door {n}"] for n in range(40)}}, where="m", name="m"
    )
    assert is_large(given)
    scene = Scene((given,), made_up_percent=0, as_deployed_percent=100)
    assert max(len(scene.stage(SeededChooser(f"{n}")).tools) for n in range(20)) <= 6


def test_the_cases_of_one_number_stand_on_one_stage():
    scene = Scene.on(["hotel_lights", "hotel_rooms"])
    alike = [of(name) for name in ("chooses_a_tool", "valid_calls", "stops_and_stays_short", "obeys_the_conversation")]
    same = 0
    for n in range(40):
        first, *others = [{tool.name for tool in measured(c, scene, 7, n).catalog.tools} for c in alike]
        same += all(other == first or other < first for other in others)
    assert same >= 30  # a conversation may need a second stage, or a tool more


def test_cases_of_different_numbers_are_drawn_apart_and_those_of_one_seed_again():
    scene = Scene.on(["hotel_lights", "hotel_rooms"])
    contract = of("chooses_a_tool")
    drawn = [measured(contract, scene, 7, n) for n in range(40)]
    assert drawn == [measured(contract, scene, 7, n) for n in range(40)]
    assert max(Counter(case.catalog.names for case in drawn if case.catalog.name == "drawn").values()) == 1
    assert drawn[0] != measured(contract, scene, 8, 0)


def test_a_scene_that_shares_nothing_draws_each_case_by_itself():
    scene = Scene((TUYA,), shares=False)
    pairs = [
        [measured(of(name), scene, 7, n).catalog.names for name in ("chooses_a_tool", "valid_calls")] for n in range(20)
    ]
    assert sum(one == other for one, other in pairs) < 10
