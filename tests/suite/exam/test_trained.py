"""Rows that an adapter was trained on are told, as far as its run folder knows."""

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.catalogs import load_catalog
from fixtures.formats import load_format
from fixtures.rows.reading import Row, digest, reader
from suite.exam.examples import read_examples
from suite.exam.own import OwnCases, read_own
from suite.exam.trained import MOST_RUNS, warning
from tests.own_rows import TOOLS, light, row, written


def trained_on(folder: Path, *rows: Any, name: str = "run", start: Any = None, tools: Any = None) -> Path:
    """A run folder whose adapter learned from these rows, and went on from another one."""
    data = Path(written(folder / ("train.jsonl" if name == "run" else f"{name}.jsonl"), rows))
    catalog = load_catalog(str(tools)).catalog.declarations() if tools else None
    read = [one.found for one in reader(catalog).read_each(data)]
    facts: dict[str, Any] = {"path": str(data), "digest": digest(r for r in read if isinstance(r, Row)), "left_out": []}
    facts |= {"tools": str(tools) if tools else None}
    run = folder / name
    (run / "adapter").mkdir(parents=True)
    told = {"adapter": str(start), "digest": "..."} if start else None
    (run / "settings.json").write_text(json.dumps({"data": facts, "start": told}))
    return run / "adapter"


def own(folder: Path, *rows: Any) -> OwnCases:
    return read_own([written(folder / "held_out.jsonl", rows)], [], load_format("functiongemma"))


def test_rows_of_the_same_request_and_answer_are_counted(tmp_path: Path) -> None:
    adapter = trained_on(tmp_path, light(1), light(2), row("light up zone 3"))
    spelled = row("Light up  ZONE 2", ("set_light", {"zone": "zone 2"}))
    rows = own(tmp_path, light(1), spelled, light(3), light(4))
    assert warning(rows.asked, adapter) == "2 of 4 rows, request and answer alike, were trained on"
    assert warning(rows.asked, adapter.parent) == warning(rows.asked, adapter)


def test_rows_that_were_learned_with_a_catalogs_tools_are_found(tmp_path: Path) -> None:
    call = ("tuya.get_status", {"device_id": "lamp_4"})
    bare = row("how is lamp_4", call, tools=None)
    adapter = trained_on(tmp_path, bare, tools="tuya")
    file = written(tmp_path / "examples.jsonl", [bare])
    read = read_examples([file], [load_catalog("tuya")], load_format("functiongemma"))
    assert warning(read.requests, adapter) == "1 of 1 rows, request and answer alike, were trained on"


def test_nothing_is_said_where_no_row_was_trained_on_or_nothing_is_known(tmp_path: Path) -> None:
    adapter, rows = trained_on(tmp_path, light(1)), own(tmp_path, light(2))
    assert warning(rows.asked, adapter) == ""
    assert warning(rows.asked, None) == ""
    (adapter.parent / "settings.json").write_text("[]")
    assert warning(rows.asked, adapter) == ""


def test_training_data_that_is_gone_or_has_changed_is_told(tmp_path: Path) -> None:
    adapter, rows = trained_on(tmp_path, light(1)), own(tmp_path, light(1))
    written(tmp_path / "train.jsonl", [light(1), light(5)])
    assert "1 of 1 rows, request and answer alike, were trained on, as it is now; " in warning(rows.asked, adapter)
    (tmp_path / "train.jsonl").unlink()
    assert "is not known" in warning(rows.asked, adapter)


def test_rows_without_tools_of_their_own_are_found_too(tmp_path: Path) -> None:
    tools = tmp_path / "tools.json"
    tools.write_text(json.dumps(TOOLS))
    bare = {key: value for key, value in light(1).items() if key != "tools"}
    adapter = trained_on(tmp_path, bare, tools=tools)
    assert warning(own(tmp_path, light(1), light(2)).asked, adapter) == (
        "1 of 2 rows, request and answer alike, were trained on"
    )


def test_what_earlier_runs_learned_is_told_with_their_name(tmp_path: Path) -> None:
    first = trained_on(tmp_path, light(1), light(2), name="first")
    second = trained_on(tmp_path, light(3), name="second", start=first)
    third = trained_on(tmp_path, light(4), light(2), name="third", start=second.parent)
    told = f"2 of 3 rows, request and answer alike, were trained on by {first.parent}, which it goes on from"
    assert warning(own(tmp_path, light(1), light(2), light(9)).asked, third) == (
        f"1 of 3 rows, request and answer alike, were trained on; {told}"
    )
    assert warning(own(tmp_path, light(9)).asked, third) == ""


def test_an_earlier_run_is_found_from_the_folder_that_it_was_named_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_on(tmp_path, light(1), name="first")
    second = trained_on(tmp_path, light(3), name="second", start="first")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert "1 of 1 rows, request and answer alike, were trained on by" in warning(own(tmp_path, light(1)).asked, second)


def test_an_earlier_run_that_is_gone_or_whose_rows_are_is_told(tmp_path: Path) -> None:
    first = trained_on(tmp_path, light(1), name="first")
    second = trained_on(tmp_path, light(3), name="second", start=first)
    (tmp_path / "first.jsonl").unlink()
    assert f"they were trained on by {first.parent}, which it goes on from is not known" in (
        warning(own(tmp_path, light(1)).asked, second)
    )
    (first.parent / "settings.json").unlink()
    assert warning(own(tmp_path, light(1)).asked, second) == (
        f"what {first}, which {second.parent} goes on from, had learned is not known: no run there"
    )


def test_runs_in_a_circle_and_chains_without_end_are_told(tmp_path: Path) -> None:
    first = trained_on(tmp_path, light(1), name="first", start=tmp_path / "second")
    trained_on(tmp_path, light(2), name="second", start=first)
    assert "which goes on from it: one was made anew" in warning(own(tmp_path, light(3)).asked, first)
    for number in range(MOST_RUNS + 1):
        start = tmp_path / str(number - 1) if number else None
        last = trained_on(tmp_path, light(number), name=str(number), start=start)
    assert warning(own(tmp_path, light(900)).asked, last) == (
        f"what the runs before the last {MOST_RUNS} learned is not known"
    )
