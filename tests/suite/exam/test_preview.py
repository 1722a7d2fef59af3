"""A preview shows what a gate would ask, where its words come from, and what is never asked and why."""

import json
import subprocess
import sys

import pytest

from fixtures.formats import load_format
from suite.__main__ import main
from suite.exam.preview import preview

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
    (found,) = json.loads(capsys.readouterr().out)
    assert {tool["tool"]: tool["language"] for tool in found["tools"]} == {"find_pier": "descriptions", "x1": "phrases"}
    assert all(len(tool["samples"]) == 2 for tool in found["tools"])
    assert [never["tool"] for never in found["never_asked"]] == ["getCrew", "get_crew"]
    assert all("phrases" in never["hint"] for never in found["never_asked"])


def test_people_read_requests_and_their_right_calls(catalog, capsys):
    assert main(["preview", "--catalog", catalog]) == 0
    told = capsys.readouterr().out
    assert "find_pier: made from its name and description" in told
    assert told.count("weigh the anchor") == 3
    assert "nothing singles it out" in told


def test_the_seed_decides_what_is_shown():
    form = load_format("functiongemma")
    assert preview("hotel_rooms", form) == preview("hotel_rooms", form)
    assert preview("hotel_rooms", form, seed=1) != preview("hotel_rooms", form)


@pytest.mark.parametrize("arguments", [["--catalog", "no.json"], ["--catalog", "tuya", "--n", "0"]])
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
