"""A preview shows what a gate would ask, where its words come from, and what is never asked and why."""

import json
import subprocess
import sys

import pytest

from fixtures.formats import load_format
from fixtures.sentences.sentence import take_apart
from fixtures.types import ToolCall
from suite.__main__ import main
from suite.preview.looking import pattern, preview
from suite.settings import Settings
from tests.own_rows import TOOLS as HOUSE
from tests.own_rows import light, row, written

CALL = ToolCall("set_light", {"zone": "bar", "level": 20})
NOTHING = {"type": "object", "properties": {}}
TOOLS = [
    {"name": "find_pier", "description": "Find a pier.", "parameters": NOTHING},
    {"name": "x1", "description": "", "parameters": NOTHING},
    {"name": "getCrew", "description": "", "parameters": NOTHING},
    {"name": "get_crew", "description": "", "parameters": NOTHING},
]


@pytest.fixture
def catalog(tmp_path):
    path = tmp_path / "ferry.json"
    path.write_text(json.dumps({"tools": TOOLS, "phrases": {"x1": ["weigh the anchor"]}}), encoding="utf-8")
    return str(path)


def test_it_says_for_each_tool_where_its_words_come_from_and_what_is_never_asked(catalog, capsys):
    assert main(["preview", "--catalog", catalog, "--n", "2", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["catalogs"]
    assert {tool["tool"]: tool["language"] for tool in found["tools"]} == {"find_pier": "descriptions", "x1": "phrases"}
    assert all(len(tool["samples"]) == 2 for tool in found["tools"])
    assert [never["tool"] for never in found["never_asked"]] == ["getCrew", "get_crew"]
    assert all("phrases" in never["hint"] for never in found["never_asked"])


def test_people_read_requests_and_their_right_calls(catalog, capsys):
    assert main(["preview", "--catalog", catalog]) == 0
    told = capsys.readouterr().out
    assert "find_pier: made from name and description" in told
    assert told.count("weigh the anchor") == 3
    assert "nothing singles it out" in told


def test_the_seed_decides_what_is_shown():
    form, settings = load_format("functiongemma"), Settings(catalog=("hotel_rooms",))
    assert preview(settings, form) == preview(settings, form)
    assert preview(settings, form, seed=1) != preview(settings, form)


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A project with settings: a catalog, rows that speak of one of its tools, and held-out ones; typed from below."""
    (tmp_path / "house.json").write_text(json.dumps(HOUSE))
    said = [*map(light, range(4)), light(1), row("sing"), row("too dark here", ("set_light", {"zone": "bar"}))]
    written(tmp_path / "said.jsonl", said)
    written(tmp_path / "held.jsonl", [light(8), light(9, must=True)])
    lists = "catalog = ['house.json']\nexamples = ['said.jsonl']\ncases = ['held.jsonl']\nas_deployed = 10\n"
    (tmp_path / "pyproject.toml").write_text(f"[tool.callproof]\n{lists}")
    below = tmp_path / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    return tmp_path


def test_settings_count_as_they_do_for_the_gate(house, capsys):
    assert main(["preview", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"]["file"] == str(house / "pyproject.toml")
    assert (found["settings"]["made_up"], found["settings"]["as_deployed"]) == (10, 10)
    assert (found["cases"]["rows"], found["cases"]["must"]) == (2, 1)
    assert main(["preview", "--json", "--as-deployed", "30"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["as_deployed"] == 30


def test_sentences_of_examples_are_counted_and_shown_with_their_slots(house, capsys):
    assert main(["preview", "--json", "--n", "5"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["examples"]["sentences"], found["examples"]["slotted"], found["examples"]["no_call"]) == (5, 4, 1)
    lights, blinds = found["catalogs"][0]["tools"]
    assert (lights["language"], lights["sentences"], lights["slotted"]) == ("examples", 5, 4)
    assert (blinds["language"], blinds["sentences"]) == ("descriptions", 0)
    assert (lights["share"], blinds["share"]) == (0.8333, 0.1667)
    assert lights["not_judged"] == {"zone": 1}
    told = [sample["sentence"] for sample in lights["samples"]]
    assert sorted(told) == ["light up {zone}"] * 4 + ["too dark here"]
    assert [sample.get("not_judged") for sample in lights["samples"]].count(["zone"]) == 1


def test_people_read_what_comes_of_their_rows(house, capsys):
    assert main(["preview"]) == 0
    told = capsys.readouterr().out
    assert f"by {house / 'pyproject.toml'} and the command line" in told
    assert "set_light: from your examples, 5 sentences, 4 with other values too; 83.3 % of the requests" in told
    assert "1 of your requests ask for none of them" in told
    assert "Left aside of 7 rows: 1 that are the same as another row." in told
    assert "Own cases: the 2 rows of" in told
    assert '"light up {zone}"' in told


def test_a_pattern_has_a_slot_for_each_value_that_is_said_otherwise(house):
    settings = Settings(catalog=(str(house / "house.json"),), examples=(str(house / "said.jsonl"),))
    found = preview(settings, load_format("functiongemma"))
    assert found.examples
    assert {sample.sentence for sample in found.catalogs[0].tools[0].samples} <= {"light up {zone}", "too dark here"}
    assert found.catalogs[0].tools[1].samples[0].sentence == ""
    assert (
        pattern(take_apart("dim the bar to 20", CALL, HOUSE[0]["function"]["parameters"]))
        == "dim the {zone} to {level}"
    )


def test_the_gate_would_refuse_what_is_left_out_here(catalog, capsys):
    assert main(["preview", "--catalog", catalog]) == 0
    assert "--leave-out-unaskable" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["--catalog", "no.json"],
        ["--catalog", "tuya", "--n", "0"],
        ["--catalog", "tuya", "--examples", "no.jsonl"],
        ["--catalog", "tuya", "--made-up", "200"],
        ["--catalog", "tuya", "--format", "auto"],
        ["--catalog", "tuya", "--format", "gemini"],
    ],
    ids=["no catalog", "no request", "no examples", "no percentage", "no template", "no format"],
)
def test_bad_input_is_told(arguments, capsys):
    assert main(["preview", *arguments]) == 2
    assert "problem:" in capsys.readouterr().err


def test_no_model_library_is_loaded():
    code = (
        "import sys; from suite.__main__ import main; main(['preview', '--catalog', 'tuya']); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"
