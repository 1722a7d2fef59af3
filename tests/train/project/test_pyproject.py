"""[tool.callproof] is written into a pyproject.toml and nothing else in it is changed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from fixtures.errors import UserError
from train.project.pyproject import Value, with_settings

SETTINGS: dict[str, Value] = {"catalog": ('a "b" \\ü.json',), "cases": ("rows/cases.jsonl",), "examples": None}
WANTED = {"catalog": ['a "b" \\ü.json'], "cases": ["rows/cases.jsonl"]}


def written(path: Path, text: str | None, *, overwrite: bool = False) -> str:
    if text is not None:
        path.write_bytes(text.encode())
    return with_settings(path, SETTINGS, ["# bars"], overwrite=overwrite)


@pytest.mark.parametrize(
    "before",
    [
        None,
        "",
        "[project]\nname = 'x' # why\n",
        "[tool.ruff]\nline-length = 9",
        "tool.black.x = 1\n",
        "a = 1\r\n[b]\r\n",
    ],
    ids=["no file", "empty", "a table", "no line end", "dotted", "CRLF"],
)
def test_a_new_table_stands_behind_all_that_was_there(before: str | None, tmp_path: Path) -> None:
    after = written(tmp_path / "pyproject.toml", before)
    assert after.startswith(before or "[tool.callproof]")
    assert after.rstrip().endswith("# bars")
    assert tomllib.loads(after)["tool"]["callproof"] == WANTED
    assert ("\r\n" in after) == ("\r\n" in (before or ""))
    assert after.replace("\r\n", "").count("\r") == 0


HAS = (
    "# top\n[tool.callproof] # mine\nseed = 3 # why three\n"
    "cases = [\n  'old.jsonl', # the first\n]\nexamples = ['e']\n\n[z]\na = 1\n"
)


def test_a_table_that_is_there_is_refused_and_only_with_overwrite_changed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="these settings are there already") as refused:
        written(tmp_path / "pyproject.toml", HAS)
    assert refused.value.hint.startswith("--overwrite, which decides catalog, cases, examples anew")
    after = written(tmp_path / "pyproject.toml", HAS, overwrite=True)
    assert tomllib.loads(after)["tool"]["callproof"] == {"seed": 3, **WANTED}
    for kept in ("# top\n[tool.callproof] # mine\nseed = 3 # why three\n", "\n[z]\na = 1\n"):
        assert kept in after


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = ", "this is not valid TOML"),
        ("\ufeffa = 1\n", "this is not valid TOML"),
        ("tool = {x = 1}\n", "cannot be written into this file without a change to the rest"),
        ("[tool]\ncallproof = 3\n", "cannot be written into this file without a change to the rest"),
    ],
    ids=["broken", "a mark in front", "closed table", "no table"],
)
def test_a_file_that_cannot_take_the_table_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=problem):
        written(tmp_path / "pyproject.toml", text)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(b"a = '\xff'")
    with pytest.raises(UserError, match="cannot be read"):
        written(tmp_path / "pyproject.toml", None)


def test_a_dotted_table_is_changed_in_its_place(tmp_path: Path) -> None:
    after = written(tmp_path / "pyproject.toml", "[tool]\ncallproof.seed = 4\n", overwrite=True)
    assert tomllib.loads(after)["tool"] == {"callproof": {"seed": 4, **WANTED}}
