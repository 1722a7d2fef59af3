"""What the benchmark of energy counts as served, and as served by the cheapest tool."""

from __future__ import annotations

from benchmarks.energy import routing
from fixtures.catalogs import read_catalog
from fixtures.formats import load_format
from fixtures.types import ToolCall, assistant
from suite.reply import Generation, Reply
from train.preferences.energy import requests

SCHEMA = {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}
CATALOG = read_catalog(
    {
        "tools": [{"name": name, "description": "", "parameters": SCHEMA} for name in ("fan", "vent", "bell")],
        "cost": {"fan": 10, "vent": 2, "bell": 1},
        "shared": [{"tools": ["fan", "vent"], "phrases": ["make it cooler"]}],
    },
    where="test",
    name="test",
)
FORM = load_format("intent_json")


def calling(*names: str, stop: bool = True) -> Reply:
    calls = [ToolCall(name, {"room": "lobby"}) for name in names]
    rendered = FORM.render([{"role": "user", "content": "go"}, assistant(calls)], CATALOG.catalog.declarations())
    start, end = rendered.answers[-1]
    text = rendered.text[start:end] if stop else rendered.text[start : end - 30]
    return Reply(Generation(text, (), "stop"), FORM.parse(text))


def test_a_request_is_served_by_one_clean_call_of_a_tool_that_could_serve_it():
    given = [calling("vent"), calling("fan"), calling("bell"), calling("fan", "vent"), calling("vent", stop=False)]
    found = routing(requests(5, seed=1, catalogs=[CATALOG]), given)
    assert (found.cheapest, found.served, found.requests, found.watt_hours) == (1, 2, 5, 6.0)
    # Clopper and Pearson for 1 in 5: 0.5 % to 71.6 %.
    assert found.row().startswith("20.0% (0.5% to 71.6%) | 40.0%")


def test_without_a_served_request_there_is_no_energy_to_tell():
    found = routing(requests(1, seed=1, catalogs=[CATALOG]), [calling("bell")])
    assert found.watt_hours is None
    assert found.row().endswith("| none")
