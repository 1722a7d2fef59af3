"""Rows are read from JSON lines, JSON arrays and parquet, each row for itself and within bounds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from fixtures.reading.strict import NotJson
from fixtures.rows import files
from fixtures.rows.draft import plain
from fixtures.rows.files import records
from fixtures.rows.reading import reader
from tests.train.making import good, write
from tests.train.rows.samples import openai

ROWS = [{"a": 1}, {"b": "x]y"}, {"c": [1, 2]}]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2) + "\n",
        "\ufeff\n " + json.dumps(ROWS),
        "\n".join(map(json.dumps, ROWS)),
        "\ufeff" + "\r\n".join(map(json.dumps, ROWS)) + "\r\n",
    ],
    ids=["array", "indented", "array with a mark", "lines", "lines of Windows"],
)
def test_arrays_and_lines_are_told_apart_by_how_they_begin(text: str, tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(text.encode())
    assert [(record.number, record.value) for record in records(path)] == list(enumerate(ROWS, 1))


def test_a_list_among_json_lines_is_one_faulty_row(tmp_path: Path) -> None:
    path = write(tmp_path / "rows.jsonl", ["[]", good()])
    assert [type(record.value) for record in records(path)] == [list, dict]


@pytest.mark.parametrize(
    ("text", "number", "reason"),
    [
        ('[{"a": 1}, {"a": 1, "a": 2}, {"b": 1}]', 2, "'a' stands twice"),
        ('[{"a": 1}, {"a": ', 2, "breaks off"),
        ('[{"a": 1} {"b": 1}]', 2, "a comma"),
        ('[{"a": 1}] {}', 2, "follows the end"),
        ('[{"a": NaN}]', 1, "NaN is not a JSON number"),
        ('[{"a": 1},\n' + "[" * 100_000, 2, "nested"),
    ],
    ids=["key twice", "cut off", "no comma", "more behind", "nan", "deep"],
)
def test_a_fault_in_an_array_is_the_fault_of_its_row(text: str, number: int, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    faults = [(r.number, r.value.reason) for r in records(path) if isinstance(r.value, NotJson)]
    assert [(n, reason in told) for n, told in faults] == [(number, True)]


def test_parquet_brings_its_nulls_with_it(tmp_path: Path) -> None:
    import pyarrow  # type: ignore[import-untyped]
    import pyarrow.parquet  # type: ignore[import-untyped]

    path = tmp_path / "rows.bin"
    rows = [openai(), {**openai(), "source": "b"}]
    texts = [{**row, "tools": json.dumps(row["tools"])} for row in rows]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(texts), path)
    assert [one.found.line for one in reader().read_each(path)] == [1, 2]
    assert {one.draft.form for one in reader().read_each(path) if one.draft} == {"OpenAI fine-tuning"}


def test_a_broken_parquet_file_is_a_user_error(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"PAR1 and nothing else")
    with pytest.raises(UserError, match="parquet"):
        list(records(path))


@pytest.mark.parametrize(
    ("value", "is_plain"),
    [({"a": [1, 2.5, None, True, "x"]}, True), ({1: 2}, False), ([b"x"], False), ((1,), False), (float("inf"), False)],
)
def test_only_what_json_can_spell_is_plain(value: Any, is_plain: bool) -> None:
    assert plain(value) is is_plain


def test_a_row_that_is_too_large_is_told_and_the_next_one_read(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(files, "MAX_ROW", 2**20)
    path = write(tmp_path / "rows.jsonl", [{"a": "x" * 2**21}, {"b": 1}])
    first, second = records(path)
    assert isinstance(first.value, NotJson)
    assert "larger than 1 MiB" in first.value.reason
    assert (second.number, second.value) == (2, {"b": 1})


def test_an_array_that_is_too_large_is_a_user_error(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(files, "MAX_ARRAY", 100)
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"a": "x" * 200}]))
    with pytest.raises(UserError, match="one row a line"):
        list(records(path))


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing", "zero byte"])
def test_what_is_no_regular_file_is_refused_at_once(kind: str, tmp_path: Path) -> None:
    path = tmp_path / ("x\0y" if kind == "zero byte" else "x")
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(UserError, match="--data"):
        list(records(path))
