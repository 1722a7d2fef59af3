"""Preferences about energy: what is chosen serves at the least cost by construction, and what is rejected does not."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from fixtures.catalogs import SpokenCatalog, load_catalog, read_catalog
from fixtures.datasets.settings import hotel_catalogs
from fixtures.errors import UserError
from fixtures.formats import FORMATS, load_format
from fixtures.grounding import ungrounded
from fixtures.reading.arguments import first_fault
from fixtures.types import Case, Catalog, user
from train.cli import main
from train.preferences.energy import Choice, Preference, choice_in, choices, preferences, requests
from train.preferences.energy_pairs import pairs_of
from train.preferences.judging import broken, written
from train.preferences.pairs import wire_of
from train.rows.data import read_rows

MADE = preferences(100, seed=3)


def tool(name: str, parameter: str) -> dict[str, object]:
    schema = {"type": "object", "properties": {parameter: {"type": "string"}}, "required": [parameter]}
    return {"name": name, "description": f"Does {name}.", "parameters": schema}


def catalog(**changes: object) -> SpokenCatalog:
    """Three tools that all could cool a room, at 2, 10 and 20 watt-hours, and one that cannot, at 1."""
    tools = [tool("fan", "room"), tool("vent", "room"), tool("cooler", "room"), tool("bell", "guest")]
    body = {
        "tools": tools,
        "cost": {"fan": 10, "vent": 2, "cooler": 20, "bell": 1},
        "shared": [{"tools": ["cooler", "fan", "vent"], "phrases": ["make it cooler"]}],
    }
    return read_catalog(body | changes, where="test", name="test")


def rivals(preference: Preference) -> dict[str, float]:
    """The tools that the request is for by the catalogs' own phrases, with their costs; none for a clear request."""
    for spoken in hotel_catalogs():
        for shared in spoken.shared:
            if any(phrase.casefold() in preference.case.request.casefold() for phrase in shared.phrases):
                return {name: spoken.catalog.cost[name] for name in shared.tools}
    return {}


def test_the_chosen_tool_costs_least_of_all_that_serve():
    shared = [p for p in MADE if p.case.kind == "energy"]
    assert len(shared) == 80
    for preference in shared:
        costs = rivals(preference)
        assert len(costs) > 1
        assert set(costs) <= set(preference.case.catalog.names)
        assert costs[preference.chosen.name] == min(costs.values())


@pytest.mark.parametrize("form", FORMATS)
def test_the_chosen_answer_keeps_every_contract_that_judges_a_reply(form: str):
    wire = load_format(form)
    for preference, pair in zip(MADE, pairs_of(MADE), strict=True):
        reply = written(wire_of(pair.row, pair.row.messages[-1], wire), wire, pair.row.tools)
        assert broken(preference.case, reply) == ()


def test_a_dearer_tool_would_serve_as_well_with_values_that_were_said():
    dearer = [p for p in MADE if p.against == "dearer_tool"]
    for preference in dearer:
        assert preference.rejected
        costs = rivals(preference)
        assert costs[preference.rejected.name] > costs[preference.chosen.name]
        parameters = preference.case.catalog[preference.rejected.name].parameters
        assert first_fault(parameters, preference.rejected.arguments) == ""
        assert ungrounded(preference.case, preference.rejected.name, preference.rejected.arguments) == []


def test_an_unfit_tool_does_not_serve_and_is_cheaper_where_such_a_tool_is_declared():
    unfit = [p for p in MADE if p.against == "unfit_tool"]
    cheaper = 0
    for preference in unfit:
        assert preference.rejected
        right, wrong, cost = preference.chosen.name, preference.rejected.name, preference.case.catalog.cost
        assert wrong in preference.case.catalog.names
        assert wrong not in (rivals(preference) or {right: 0.0})
        others = set(preference.case.catalog.names) - set(rivals(preference)) - {right}
        if any(cost.get(name, cost[right]) < cost[right] for name in others):
            assert cost[wrong] < cost[right]
            cheaper += 1
        assert first_fault(preference.case.catalog[wrong].parameters, preference.rejected.arguments) == ""
    assert cheaper > len(unfit) / 2


def test_half_of_the_preferences_are_between_tools_that_serve():
    assert Counter(p.against for p in MADE) == {"dearer_tool": 50, "unfit_tool": 40, "refusal": 10}
    assert sum(p.case.kind == "clear" for p in MADE) == 20


def test_the_seed_decides_all():
    assert preferences(20, seed=3) == MADE[:20]
    assert preferences(20, seed=4) != MADE[:20]
    assert requests(10, seed=3) == requests(10, seed=3)


def test_requests_of_another_split_are_other_requests():
    told = {p.case.request for p in MADE}
    assert not told & {case.request for case, _ in requests(100, seed=3, split="eval")}


def test_a_request_leaves_the_choice_that_its_catalog_declares():
    case, choice = requests(1, seed=1, catalogs=[catalog()])[0]
    assert choice == Choice({"cooler": 20, "fan": 10, "vent": 2})
    assert choice.cheapest == "vent"
    assert choice_in(case, [catalog()]) == choice
    assert choice_in(case) is None


@pytest.mark.parametrize(
    ("names", "worth"),
    [
        (["vent"], 1.0),
        (["fan"], 10 / 18),
        (["cooler"], 0.0),
        (["bell"], 0.0),
        ([], 0.0),
        (["vent", "vent"], 0.0),
    ],
    ids=["cheapest", "between", "dearest", "unfit", "none", "twice"],
)
def test_a_call_is_worth_what_it_saves(names: list[str], worth: float):
    assert Choice({"cooler": 20, "fan": 10, "vent": 2}).worth(names) == pytest.approx(worth)


def test_with_one_of_the_tools_declared_there_is_nothing_to_choose():
    spoken = catalog()
    only = Catalog("one", (spoken.catalog["fan"], spoken.catalog["bell"]))
    assert choice_in(Case(only, (user("please make it cooler in room 4"),)), [spoken]) is None


def test_a_priority_leaves_nothing_to_the_cost():
    assert choices([catalog(priority=["fan", "vent", "cooler"])]) == []
    with pytest.raises(UserError, match="leaves the choice to the cost"):
        preferences(5, seed=1, catalogs=[catalog(priority=["fan", "vent", "cooler"])])


def unaskable(name: str) -> dict[str, object]:
    """A tool for which no arguments can be made up: no text begins with an `a` and with none."""
    declared = tool(name, "room")
    declared["parameters"]["properties"]["room"]["pattern"] = "^(?=a)(?!a)$"  # type: ignore[index]
    return declared


def test_a_tool_that_nobody_can_be_asked_for_is_in_no_choice():
    tools = [tool("fan", "room"), tool("vent", "room"), unaskable("cooler"), tool("bell", "guest")]
    both = [{"tools": ["cooler", "fan"], "phrases": ["cool it"]}, {"tools": ["fan", "vent"], "phrases": ["fresh air"]}]
    spoken = catalog(tools=tools, shared=both)
    assert [shared.tools for _, shared in choices([spoken])] == [("fan", "vent")]
    assert all("cooler" not in made.case.catalog.names for made in preferences(20, seed=1, catalogs=[spoken]))


def test_the_command_says_which_tools_are_in_no_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    tools = [tool("fan", "room"), tool("vent", "room"), unaskable("cooler"), tool("bell", "guest")]
    shared = [{"tools": ["fan", "vent"], "phrases": ["fresh air"]}]
    file = tmp_path / "mine.json"
    file.write_text(json.dumps({"tools": tools, "cost": {"fan": 9, "vent": 2}, "shared": shared}))
    assert main(["energy", "--rows", "3", "--tools", str(file), "--out", str(tmp_path / "pairs.jsonl")]) == 0
    assert "in no pair: tool 'cooler'" in capsys.readouterr().out


def test_where_every_tool_serves_there_is_no_unfit_one():
    both = catalog(
        tools=[tool("fan", "room"), tool("vent", "room")],
        cost={"fan": 9, "vent": 2},
        shared=[{"tools": ["fan", "vent"], "phrases": ["fresh air"]}],
    )
    with pytest.raises(UserError, match="none is unfit"):
        preferences(5, seed=1, catalogs=[both])


def test_the_shipped_catalogs_leave_choices_to_the_cost():
    assert len(choices()) >= 2
    assert choices([load_catalog("hotel_rooms")]) == []


def test_the_command_writes_pairs_that_are_read_as_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = tmp_path / "pairs.jsonl"
    assert main(["energy", "--rows", "20", "--seed", "3", "--out", str(file)]) == 0
    assert "20 pairs" in capsys.readouterr().out
    read = read_rows(file, load_format("intent_json"))
    assert read.faults == ()
    kept = [(row.messages, row.tools, row.rejected) for row in read.rows]
    made = [(p.row.messages, p.row.tools, p.rejected) for p in pairs_of(MADE[:20])]
    assert json.loads(json.dumps(kept)) == json.loads(json.dumps(made))


def test_both_answers_of_a_pair_are_equally_sure():
    assert all(pair.row.messages[-1]["confidence"] == pair.rejected["confidence"] for pair in pairs_of(MADE))


@pytest.mark.parametrize("rows", ["0", "-1"])
def test_no_rows_is_an_error(rows: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["energy", "--rows", rows, "--out", str(tmp_path / "x.jsonl")]) == 2
    assert "--rows" in capsys.readouterr().err
    assert not (tmp_path / "x.jsonl").exists()
