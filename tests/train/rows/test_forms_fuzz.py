"""Whatever stands in a row, it is a row or one fault, and never a traceback."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.rows.checks import Fault
from fixtures.rows.draft import Unreadable
from fixtures.rows.reading import Row, reader
from fixtures.rows.registry import FORMS, draft_of
from tests.train.making import write
from tests.train.rows.samples import FORM, READ, openai
from train.rows.data import read_rows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where anything stands in a value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(one for key, inner in inside for one in paths(inner, (*path, key)))]


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """The value with something else at a place."""
    if not path:
        return new
    changed = copy.copy(value)
    changed[path[0]] = put(value[path[0]], path[1:], new)
    return changed


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_of_a_row_gives_a_row_or_one_fault(tmp_path: Path, data: st.DataObject) -> None:
    row = data.draw(st.sampled_from([row for row, _, _ in READ.values()]))
    for _ in range(data.draw(st.integers(1, 3))):
        row = put(row, data.draw(st.sampled_from(paths(row))), data.draw(JSON))
    path = write(tmp_path / "fuzz.jsonl", [json.dumps(openai()), json.dumps(row)])
    _, found = (one.found for one in reader().read_each(path))
    assert isinstance(found, Row | Fault)
    checked = read_rows(path, FORM)
    assert len(checked.rows) + len(checked.faults) == 2
    assert all(fault.text.isprintable() for fault in checked.faults)


@given(st.dictionaries(st.sampled_from([key for form in FORMS for key in form.keys] + ["tools", "x"]), JSON))
@settings(max_examples=300, deadline=None)
def test_any_object_is_a_draft_or_unreadable(row: dict[str, Any]) -> None:
    with suppress(Unreadable):
        assert draft_of(row).used


@pytest.mark.parametrize("calls", [1, 1.5, True, "calls", {"function": {}}])
def test_calls_that_are_no_list_are_one_fault_also_before_a_result(calls: object, tmp_path: Path):
    row = openai()
    row["messages"][1]["tool_calls"] = calls
    row["messages"].append({"role": "tool", "content": "{}"})
    (read,) = reader().read_each(write(tmp_path / "rows.jsonl", [json.dumps(row)]))
    assert isinstance(read.found, Fault)
