"""Requests that nothing fits, and requests that lack a value."""

from __future__ import annotations

from collections import Counter

import pytest

from fixtures.catalogs import read_catalog
from fixtures.choosing import SeededChooser
from fixtures.grounding import numbers_in
from suite.exam.answers import keeps_policy
from suite.exam.scene import Scene
from suite.exam.unfitting import SMALL_TALK, another_wish, lacking, negated, nothing_fits, small_talk

HOTEL = Scene.on(["hotel_lights", "hotel_rooms"])


def test_requests_that_nothing_fits_are_of_several_kinds():
    kinds = Counter(nothing_fits(HOTEL, SeededChooser(f"{n}")).kind for n in range(400))
    assert set(kinds) == {"masked", "negated", "another wish", "about the tools", "small talk"}
    assert 170 <= kinds["masked"] <= 280
    assert min(kinds.values()) >= 20


@pytest.mark.parametrize("n", range(20))
def test_no_call_is_right_where_nothing_fits(n: int):
    case = nothing_fits(HOTEL, SeededChooser(f"{n}"))
    assert case.oracle.calls == ()
    assert keeps_policy(case.catalog, ())


def test_a_negated_request_says_what_a_declared_tool_does():
    case = negated(HOTEL, SeededChooser("1"))
    assert any(word in case.request for word in ("not", "n't", "no need"))


def test_a_tool_that_answers_anything_has_no_other_wish_beside_it():
    tools = [{"name": name, "description": told, "parameters": {}} for name, told in
             (("web_search", "Searches the web."), ("open_door", "Opens the door."))]  # fmt: skip
    given = read_catalog({"tools": tools}, where="m", name="m")
    scene = Scene((given,), made_up_percent=0, as_deployed_percent=100)
    assert {another_wish(scene, SeededChooser(f"{n}")).kind for n in range(10)} == {"masked"}


def test_small_talk_asks_for_nothing():
    assert small_talk(HOTEL, SeededChooser("1")).request in SMALL_TALK


def test_what_is_missing_is_required_and_nobody_says_it():
    missing = [case for n in range(200) if (case := lacking(HOTEL, SeededChooser(f"{n}"))).oracle.missing]
    assert len(missing) > 150
    for case in missing:
        told = case.oracle.missing
        assert told is not None
        tool = case.catalog[told.tool]
        assert told.parameter in tool.parameters["required"]
        schema = tool.parameters["properties"][told.parameter]
        assert not {"default", "enum", "const", "examples"} & schema.keys()
        if schema["type"] in ("integer", "number"):
            others = [
                p for p, s in tool.parameters["properties"].items() if s["type"] in ("integer", "number", "string")
            ]
            assert len(others) > 1 or not numbers_in(case.request.casefold())


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "default": "x"},
        {"enum": ["a", "b"]},
        {"type": "boolean"},
        {"type": "string", "description": "Defaults to today."},
    ],
)
def test_what_could_be_guessed_is_never_what_is_missing(schema: dict[str, object]):
    parameters = {"type": "object", "properties": {"place": schema}, "required": ["place"]}
    tools = [
        {"name": f"open_{thing}", "description": f"Opens the {thing}.", "parameters": parameters}
        for thing in ("door", "gate")
    ]
    given = read_catalog({"tools": tools}, where="m", name="m")
    scene = Scene((given,), made_up_percent=0)
    assert all(lacking(scene, SeededChooser(f"{n}")).oracle.missing is None for n in range(10))
