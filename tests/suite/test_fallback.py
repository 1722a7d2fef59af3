"""A catalog with a tool for what no other serves: that tool is always declared, and never the one that is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fixtures.catalogs import read_catalog
from fixtures.choosing import SeededChooser
from fixtures.types import Case, Fallback, ToolCall
from fixtures.vocab import Chooser
from suite.exam.answers import answers, keeps_policy
from suite.exam.arbitration import contested
from suite.exam.cases import asked_otherwise, clear, clear_or_absent, masked, with_absent_tool
from suite.exam.conversations import several_turns
from suite.exam.injections import with_injection
from suite.exam.scene import Scene
from suite.exam.variants import tools_renamed
from suite.lanes.reduce import reductions

NAMES = ("set_lamp", "run_fan", "ask_desk", "open_door")
TOOLS = [{"name": name, "description": "", "parameters": {"type": "object", "properties": {}}} for name in NAMES]
DESK = read_catalog({"tools": TOOLS, "policy": {"fallback": "ask_desk"}}, where="desk", name="desk")
SCENE = Scene((DESK,), made_up_percent=0)
DRAWS = (clear, clear_or_absent, masked, with_absent_tool, asked_otherwise, several_turns, with_injection, contested)


@pytest.mark.parametrize("draw", DRAWS, ids=lambda draw: draw.__name__)
def test_the_fallback_is_always_among_the_tools_and_the_policy_names_it(draw: Callable[[Scene, Chooser], Case]) -> None:
    for seed in range(60):
        case = draw(SCENE, SeededChooser(seed))
        for asked in (case, *([case.variant.case] if case.variant else [])):
            if asked.catalog.name == "desk":
                assert asked.catalog.fallback in asked.catalog.names, case


def test_the_masked_tool_is_another_one() -> None:
    requests = [masked(SCENE, SeededChooser(seed)).request.lower() for seed in range(80)]
    assert not any("desk" in request for request in requests)
    assert {"lamp", "fan", "door"} <= {word for request in requests for word in request.strip(".!?").split()}


def test_a_fallback_stands_in_any_place() -> None:
    catalogs = [masked(SCENE, SeededChooser(seed)).catalog for seed in range(40)]
    assert {catalog.names.index("ask_desk") for catalog in catalogs} >= {0, 1, 2}


def test_a_renamed_fallback_is_the_fallback_of_the_variant() -> None:
    case = clear(SCENE, SeededChooser(1))
    ranked = replace(case.catalog, priority=("ask_desk",), cost={"ask_desk": 2.0})
    variant = tools_renamed(SCENE, SeededChooser(1), replace(case, catalog=ranked)).case.catalog
    assert (variant.policy, variant.priority, variant.cost) == (Fallback("askDesk"), ("askDesk",), {"askDesk": 2.0})


def test_no_reduction_takes_the_fallback_away() -> None:
    case = next(c for c in (masked(SCENE, SeededChooser(n)) for n in range(50)) if len(c.catalog.tools) > 2)
    smaller = [reduced.catalog for reduced in reductions(case)]
    assert any(len(catalog.names) < len(case.catalog.names) for catalog in smaller)
    assert all(catalog.fallback in catalog.names for catalog in smaller)  # perhaps under a shorter name
    assert all(catalog.fallback for catalog in smaller)


def test_what_keeps_a_policy_is_right_where_nothing_fits() -> None:
    desk, lamp = ToolCall("ask_desk", {"why": "x"}), ToolCall("set_lamp", {})
    case = masked(SCENE, SeededChooser(1))
    assert [answers(case, calls) for calls in ((desk,), (), (lamp,), (desk, desk))] == [True, False, False, False]
    must = replace(DESK.catalog, policy="must_choose")
    assert [keeps_policy(must, calls) for calls in ((lamp,), (desk, lamp), (), (ToolCall("x", {}),))] == [
        True, True, False, False,
    ]  # fmt: skip
    plain = replace(DESK.catalog, policy="abstain")
    assert [keeps_policy(plain, calls) for calls in ((), (lamp,))] == [True, False]
