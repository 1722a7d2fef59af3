"""Parts of catalogs: large ones in short cases, and tools that are shown but never asked for."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.catalogs import read_catalog
from fixtures.catalogs.asking import askable
from fixtures.choosing import SeededChooser
from fixtures.formats import load_format
from suite.contracts import CONTRACTS
from suite.exam.scene import LARGE, MOST_BESIDE, MOST_LETTERS, Scene

DRAWS = {contract.draw.__name__: contract.draw for contract in CONTRACTS}


def tool(name: str, letters: int = 0, **schema: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"a": {"type": "string", **schema}}, "required": ["a"]}
    return {"name": name, "description": "Do it. " + "x " * (letters // 2), "parameters": parameters}


def scene(*tools: dict[str, Any], **expected: Any) -> Scene:
    given = read_catalog({"tools": list(tools), **expected}, where="x", name="given")
    return Scene(askable([given], load_format("functiongemma"), leave_out=True), made_up_percent=0)


def test_a_case_on_a_large_catalog_is_short_and_every_tool_has_its_turn() -> None:
    large = scene(*[tool(f"do_thing{n}", 400 if n else 7_000) for n in range(120)])
    assert sum(large.catalogs[0].letters.values()) > LARGE
    seen: set[str] = set()
    for seed in range(600):
        stage = large.stage(SeededChooser(seed), smallest=2)
        letters = [large.catalogs[0].letters[spoken.tool.name] for spoken in stage.tools]
        assert sum(letters[2:]) <= MOST_LETTERS
        assert len(stage.tools) >= 2
        seen |= {spoken.tool.name for spoken in stage.tools}
    assert len(seen) == 120


def test_a_case_on_a_usual_catalog_is_not_cut() -> None:
    usual = scene(*[tool(f"do_thing{n}", 3_000) for n in range(6)])
    assert {len(usual.stage(SeededChooser(seed)).tools) for seed in range(100)} == {1, 2, 3, 4, 5, 6}


MIXED = (tool("dim"), tool("run"), tool("send"), *(tool(f"picky{n}", pattern="^(?=a)b$") for n in range(4)))


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_tools_that_cannot_be_asked_for_are_declared_now_and_then_and_never_asked_for(draw: Any) -> None:
    shown = asked = 0
    for seed in range(60):
        case = draw(scene(*MIXED), SeededChooser(seed))
        picky = [name for name in case.catalog.names if name.startswith("picky")]
        shown += bool(picky)
        assert len(picky) <= MOST_BESIDE + 2  # a near miss of one, and one in a variant
        asked += any(call.name.startswith("picky") for call in case.oracle.calls or ())
    assert asked == 0
    assert shown or draw.__name__ in ("contested", "undecided")


def test_the_tool_for_what_no_other_serves_is_always_declared_though_it_cannot_be_asked_for() -> None:
    drawn = scene(*MIXED, policy={"fallback": "picky2"})
    for draw in DRAWS.values():
        cases = [draw(drawn, SeededChooser(seed)) for seed in range(20)]
        assert [case for case in cases if case.catalog.name == "given" and "picky2" not in case.catalog.names] == []
