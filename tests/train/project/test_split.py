"""`train split` writes three files that can be trained on and asked, or none."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from fixtures.catalogs import load_catalog
from fixtures.formats import load_format
from suite.exam.own import read_own
from suite.exam.trained import keys_of
from tests.own_rows import TOOLS, asked, light, row, written
from tests.train.rows.samples import READ
from train.cli import main
from train.rows.data import read_rows

FORM = load_format("functiongemma")


def split(source: str, out: Path, *options: str) -> int:
    return main(["split", source, "--out", str(out), *options])


def rows_of(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_rows_keep_what_they_have_and_all_parts_can_be_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [light(n * 7919, tags=[str(n)], room_plan=n, must=n == 4) for n in range(10)]
    assert split(written(tmp_path / "all", rows), tmp_path / "out") == 0
    found = {name: rows_of(tmp_path / "out" / f"{name}.jsonl") for name in ("train", "examples", "cases")}
    kept = sorted((one for part in found.values() for one in part), key=lambda one: one["room_plan"])
    assert kept == [{**one, "messages": kept[n]["messages"]} for n, one in enumerate(rows)]
    assert [one["must"] for one in found["cases"]].count(True) == 1
    assert not any(one["must"] for one in [*found["train"], *found["examples"]])
    assert len(read_rows(tmp_path / "out" / "train.jsonl", FORM).rows) == len(found["train"]) >= 5
    assert len(read_own([str(tmp_path / "out" / "cases.jsonl")], [], FORM).rows) == len(found["cases"])
    assert "1 that must hold" in capsys.readouterr().out


@pytest.mark.parametrize("form", READ)
def test_every_form_is_split_and_asked(form: str, tmp_path: Path) -> None:
    source = written(tmp_path / "rows", [{**READ[form][0], "must": True}, light(1)])
    assert split(source, tmp_path / "out") == 0
    own = read_own([str(tmp_path / "out" / "cases.jsonl")], [], FORM)
    assert [one.must for one in own.rows] == [True]
    (trained,) = read_rows(tmp_path / "out" / "train.jsonl", FORM).rows
    assert trained.tools == tuple(TOOLS)


def test_a_row_that_only_says_what_is_acceptable_is_trained_on_its_first_answer(tmp_path: Path) -> None:
    wanted = [[{"name": "set_light", "arguments": {"zone": "bar"}}], []]
    assert split(written(tmp_path / "rows", [asked("dark here", wanted)]), tmp_path / "out") == 0
    (one,) = read_rows(tmp_path / "out" / "train.jsonl", FORM).rows
    assert one.messages[-1]["tool_calls"][0]["function"] == {"name": "set_light", "arguments": {"zone": "bar"}}
    assert rows_of(tmp_path / "out" / "train.jsonl")[0]["acceptable"] == wanted


def test_rows_without_tools_get_none(tmp_path: Path) -> None:
    rows = [{key: value for key, value in light(n * 7919).items() if key != "tools"} for n in range(5)]
    (tmp_path / "tools.json").write_text(json.dumps(TOOLS))
    assert split(written(tmp_path / "rows", rows), tmp_path / "out", "--tools", str(tmp_path / "tools.json")) == 0
    assert {key for name in names(tmp_path / "out") for one in rows_of(tmp_path / "out" / name) for key in one} == {
        "messages"
    }


def test_no_request_and_answer_of_one_part_is_in_another(tmp_path: Path) -> None:
    source = Path(str(files("fixtures.datasets"))) / "seedcore" / "intent-tool-dataset.jsonl"
    assert split(str(source), tmp_path, "--tools", "tuya") == 0
    found = []
    catalog = load_catalog("tuya").catalog.declarations()
    for name in ("train", "examples", "cases"):
        read = read_rows(tmp_path / f"{name}.jsonl", FORM, catalog)
        found.append({key for one in read.rows for key in keys_of(one)})
    assert [len(one) > 50 for one in found] == [True] * 3
    assert len(set().union(*found)) == sum(map(len, found))


def test_bad_rows_are_told_all_at_once_and_leave_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = [{"text": "hi"}, light(2, tags="a"), light(3, acceptable=[[{"name": "sing"}]]), row("<end_of_turn>")]
    source, out = written(tmp_path / "rows", [light(1), *bad, light(70)]), tmp_path / "out"
    assert split(source, out) == 2
    told = capsys.readouterr().err
    assert "4 rows cannot be trained on" in told
    for line, what in (2, "no `messages`"), (3, "/tags"), (4, "/acceptable/0/0/name"), (5, "control token"):
        assert f"{source}:{line}: " in told
        assert what in told
    assert names(out) == []
    assert split(source, out, "--skip-bad-rows") == 0
    said = capsys.readouterr().out
    assert "left out 4 rows of" in said
    assert "  in no row of " in said
    assert sum(len(rows_of(out / name)) for name in names(out)) == 2


def test_files_that_are_there_stay_unless_they_are_to_be_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = written(tmp_path / "rows", [light(n * 7919) for n in range(9)]), tmp_path / "out"
    assert split(source, out) == 0
    before = {name: (out / name).read_bytes() for name in names(out)}
    assert split(source, out, "--seed", "1") == 2
    assert "--overwrite" in capsys.readouterr().err
    assert {name: (out / name).read_bytes() for name in names(out)} == before
    assert split(source, out, "--shares", "80,0,20", "--overwrite") == 0
    assert names(out) == ["cases.jsonl", "train.jsonl"]


def test_what_is_split_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(tmp_path / "train.jsonl", [light(1)])
    assert split(source, tmp_path, "--overwrite") == 2
    assert "is what is to be split" in capsys.readouterr().err
    assert rows_of(tmp_path / "train.jsonl") == [light(1)]


@pytest.mark.parametrize("shares", ["60,40", "0,50,50", "60,20,21", "a,b,c", "-10,60,50", ""])
def test_shares_that_are_none_are_refused(shares: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert split(written(tmp_path / "rows", [light(1)]), tmp_path / "out", f"--shares={shares}") == 2
    assert "these are no shares of the rows" in capsys.readouterr().err


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.write_text("\n")], ids=["empty", "blank"])
def test_a_file_without_rows_is_refused(make: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make(tmp_path / "rows")
    assert split(str(tmp_path / "rows"), tmp_path / "out") == 2
    assert "there is no row in this file" in capsys.readouterr().err


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").touch()
    assert split(written(tmp_path / "rows", [light(1)]), tmp_path / "out") == 2
    assert "this is a file, not a folder" in capsys.readouterr().err
