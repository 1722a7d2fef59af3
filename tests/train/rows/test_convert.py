"""`train convert` writes rows in the project's own form, whole or not at all, and over nobody's file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.rows.reading import reader
from tests.train.making import good, write
from tests.train.rows.samples import READ, openai
from train.cli import main


def convert(source: Path, out: Path, *options: str) -> int:
    return main(["convert", str(source), "--out", str(out), *options])


def rows_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", [row for row, _, _ in READ.values()], ids=READ.keys())
def test_a_converted_row_is_read_as_the_same_and_converts_to_itself(row: Any, tmp_path: Path) -> None:
    source, once, twice = write(tmp_path / "rows", [row]), tmp_path / "once.jsonl", tmp_path / "twice.jsonl"
    assert (convert(source, once), convert(once, twice)) == (0, 0)
    assert once.read_bytes() == twice.read_bytes()
    (before,), (after,) = reader().read_each(source), reader().read_each(once)
    assert (before.found.canonical(), before.found.rejected) == (after.found.canonical(), after.found.rejected)  # type: ignore[union-attr]
    assert after.draft is not None
    assert after.draft.notes == []


def test_what_a_row_has_besides_stays_in_it(tmp_path: Path) -> None:
    source = write(tmp_path / "rows", [openai(kind="clear", room_plan="three rooms", padding=None)])
    assert convert(source, tmp_path / "out.jsonl") == 0
    (row,) = rows_of(tmp_path / "out.jsonl")
    assert list(row) == ["messages", "tools", "kind", "room_plan"]


def test_a_bad_row_leaves_no_file_unless_it_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = write(tmp_path / "rows", [good(), {"text": "hi"}]), tmp_path / "out.jsonl"
    assert convert(source, out) == 2
    assert f"{source}:2: the row has no `messages`" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["rows"]
    assert convert(source, out, "--skip-bad-rows") == 0
    assert "read as messages and tools: 1 row\n1 rows in" in capsys.readouterr().out


@pytest.mark.parametrize(
    "command",
    [
        ["convert", "rows.jsonl", "--out"],
        ["lessons", "--rows", "1", "--out"],
        ["pairs", "--rows", "5", "--out"],
        ["energy", "--rows", "1", "--out"],
        ["check", "rows.jsonl", "--json"],
    ],
    ids=lambda command: command[0],
)
def test_a_file_that_is_there_is_not_written_over(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "rows.jsonl", [good()])
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    assert main([*command, str(mine)]) == 2
    assert "--overwrite" in capsys.readouterr().err
    assert mine.read_text() == "mine"


def test_it_is_written_over_where_that_is_asked_for(tmp_path: Path) -> None:
    source = write(tmp_path / "rows.jsonl", [openai()])
    assert convert(source, source, "--overwrite") == 0
    assert list(rows_of(source)[0]) == ["messages", "tools"]
