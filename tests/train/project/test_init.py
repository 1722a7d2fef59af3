"""`callproof init` sets a project up in one command, or leaves everything as it was."""

from __future__ import annotations

import json
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import callproof
from suite.settings import Settings, read_settings
from tests.own_rows import TOOLS, light, row, tool, written

EXAMPLES = {"examples"} & {f.name for f in fields(Settings)}


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["callproof"])


ROWS = [light(number * 7919) for number in range(6)] + [row("open the blinds", ("open_blinds", {"zone": "bar"}))]


def init(*options: str) -> int:
    return callproof.main(["init", "--data", "all.jsonl", *options])


def settings() -> dict[str, Any]:
    return dict(tomllib.loads(Path("pyproject.toml").read_text())["tool"]["callproof"])


def test_rows_with_tools_of_their_own_need_no_catalog(capsys: pytest.CaptureFixture[str]) -> None:
    written(Path("all.jsonl"), ROWS)
    assert init() == 0
    said = settings()
    assert said.pop("catalog") == ["rows/catalog.json"]
    assert {key: value for key, value in said.items() if key not in EXAMPLES} == {"cases": ["rows/cases.jsonl"]}
    assert json.loads(Path("rows/catalog.json").read_text()) == TOOLS
    parts = [Path("rows", f"{name}.jsonl").read_text().splitlines() for name in ("train", "examples", "cases")]
    assert sum(map(len, parts)) == len(ROWS)
    assert all(parts)
    assert read_settings({}).cases == ("rows/cases.jsonl",)
    *_, check, train, gate = capsys.readouterr().out.splitlines()
    assert shlex.split(check) == ["callproof", "train", "check", "rows/train.jsonl"]
    assert shlex.split(train) == ["callproof", "train", "sft", "--data", "rows/train.jsonl", "--out", "runs/first"]
    assert shlex.split(gate) == ["callproof", "gate", "runs/first", "--results", "runs/first/results.json"]


def test_what_was_chosen_stands_in_the_commands_and_a_run_that_is_there_is_left_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(Path("all.jsonl"), [{key: value for key, value in one.items() if key != "tools"} for one in ROWS])
    Path("my tools.json").write_text(json.dumps(TOOLS))
    Path("runs/first").mkdir(parents=True)
    assert init("--tools", "my tools.json", "--format", "intent_json", "--max-length", "512") == 0
    *_, check, train, gate = capsys.readouterr().out.splitlines()
    for command in (check, train):
        assert "--tools 'my tools.json' --format intent_json --max-length 512" in command
    assert train.endswith("--out runs/run-2")
    assert gate.strip().startswith("callproof gate runs/run-2 ")
    assert settings()["catalog"] == ["my tools.json"]
    assert not Path("rows/catalog.json").exists()
    assert all("tools" not in json.loads(line) for line in Path("rows/cases.jsonl").read_text().splitlines())


def test_declarations_that_differ_and_tools_that_cannot_be_asked_for_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = tool("open_blinds", level={"type": "integer"})
    odd = {"type": "string", "pattern": "^(?!a)[^b]{3}(?<=c)$"}
    locked = tool("unlock", code=odd)
    locked["function"]["parameters"]["required"] = ["zone", "code"]
    written(Path("all.jsonl"), [*ROWS, {**light(5), "tools": [TOOLS[0], other, locked]}])
    assert init() == 0
    told = "rows/catalog.json: rows declare these in different ways, and it has the way of most rows: open_blinds\n"
    assert told in capsys.readouterr().out
    assert json.loads(Path("rows/catalog.json").read_text()) == [*TOOLS, locked]
    assert settings()["leave_out_unaskable"] is True


def test_files_and_settings_that_are_there_stay_unless_they_are_to_be_overwritten(
    capsys: pytest.CaptureFixture[str],
) -> None:
    written(Path("all.jsonl"), ROWS)
    Path("pyproject.toml").write_text("# mine\n[tool.callproof]\nseed = 5\n")
    assert init() == 2
    assert "--overwrite" in capsys.readouterr().err
    assert sorted(path.name for path in Path().iterdir()) == ["all.jsonl", "pyproject.toml"]
    assert init("--overwrite") == 0
    assert settings()["seed"] == 5
    assert init("--overwrite", "--shares", "100,0,0") == 0
    assert settings() == {"seed": 5, "catalog": ["rows/catalog.json"]}
    assert sorted(path.name for path in Path("rows").iterdir()) == ["catalog.json", "train.jsonl"]


@pytest.mark.parametrize(
    ("rows", "options", "problem"),
    [
        ([{**light(1), "tools": []} | {"messages": row("hi")["messages"]}], [], "no row declares a tool"),
        ([light(1), row("x " * 300)], ["--max-length", "500"], "more than --max-length 500"),
        ([light(1, tags="a"), light(2, must=3)], [], "2 rows cannot be trained on"),
        ([light(1)], ["--shares", "50,50"], "these are no shares of the rows"),
        ([light(1)], ["--tools", "nowhere.json"], "there is no such catalog"),
        ([light(1)], ["--base", "nowhere"], "nowhere"),
    ],
    ids=["no tools", "too long", "bad marks", "bad shares", "no catalog", "no base"],
)
def test_bad_input_writes_nothing(
    rows: list[Any], options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    written(Path("all.jsonl"), rows)
    assert init(*options) == 2
    assert problem in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["all.jsonl"]
