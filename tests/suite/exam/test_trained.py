"""Rows that an adapter was trained on are told, as far as its run folder knows."""

import json
from pathlib import Path
from typing import Any

from fixtures.catalogs import load_catalog
from fixtures.formats import load_format
from fixtures.rows.reading import Row, digest, reader
from suite.exam.examples import read_examples
from suite.exam.own import OwnCases, read_own
from suite.exam.trained import warning
from tests.own_rows import light, row, written


def trained_on(folder: Path, *rows: Any, tools: str | None = None) -> Path:
    """A run folder whose adapter learned from these rows; `tools` is the catalog of rows without any."""
    data = Path(written(folder / "train.jsonl", rows))
    catalog = load_catalog(tools).catalog.declarations() if tools else None
    read = [one.found for one in reader(catalog).read_each(data)]
    learned = digest(r for r in read if isinstance(r, Row))
    facts: dict[str, Any] = {"path": str(data), "tools": tools, "digest": learned, "left_out": []}
    run = folder / "run"
    (run / "adapter").mkdir(parents=True)
    (run / "settings.json").write_text(json.dumps({"settings": {}, "data": facts}))
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
