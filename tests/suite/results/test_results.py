import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fixtures.errors import UserError
from fixtures.types import Case, Catalog, Fallback, Oracle, Tool, ToolCall
from suite.outcome import Results
from suite.results.cases import case_from_json, case_to_json
from suite.results.file import from_json, read, schema, to_json, write
from tests.reports.sample import FAILING, PASSING

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(), JSON, max_size=3)
TOOLS = st.builds(Tool, st.text(min_size=1), st.text(), OBJECTS)
CATALOGS = st.builds(
    Catalog,
    st.text(),
    st.lists(TOOLS, max_size=2).map(tuple),
    st.sampled_from(["abstain", "must_choose"]) | st.builds(Fallback, st.text(min_size=1)),
    st.lists(st.text(), max_size=2).map(tuple),
    st.dictionaries(st.text(), st.floats(0, allow_infinity=False) | st.integers(0), max_size=2),
)
CALLS = st.lists(st.builds(ToolCall, st.text(min_size=1), OBJECTS), max_size=2).map(tuple)
MESSAGES = st.lists(st.fixed_dictionaries({"role": st.text(min_size=1), "content": st.none() | st.text()}), max_size=3)
CASES = st.builds(Case, CATALOGS, MESSAGES.map(tuple), st.builds(Oracle, st.none() | CALLS), st.text())


@pytest.fixture
def document(tmp_path: Path) -> Callable[..., Path]:
    """A results file whose value at a path of keys was replaced."""

    def changed(*keys: Any, to: Any) -> Path:
        whole = to_json(FAILING)
        inner: Any = whole
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = to
        path = tmp_path / "results.json"
        path.write_text(json.dumps(whole), encoding="utf-8")
        return path

    return changed


def test_the_schema_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("results", [PASSING, FAILING], ids=["passing", "failing"])
def test_results_come_back_equal_from_a_file(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    write(results, path)
    assert read(path) == results
    assert [p.name for p in path.parent.iterdir()] == ["results.json"]


def test_a_case_of_before_there_were_costs_is_still_read() -> None:
    case = Case(Catalog("home", ()), ({"role": "user", "content": "hi"},))
    document = case_to_json(case)
    del document["catalog"]["cost"]
    assert case_from_json(document) == case
    Draft202012Validator({"$ref": "#/$defs/case", "$defs": schema()["$defs"]}).validate(document)


@given(CASES)
def test_cases_come_back_equal_and_keep_the_schema(case: Case) -> None:
    document = json.loads(json.dumps(case_to_json(case), ensure_ascii=True))
    assert case_from_json(document) == case
    Draft202012Validator({"$ref": "#/$defs/case", "$defs": schema()["$defs"]}).validate(document)


def test_the_document_says_whether_the_gate_passed() -> None:
    assert to_json(PASSING)["passed"] is True
    assert to_json(FAILING)["passed"] is False
    assert from_json(to_json(FAILING)) == FAILING


def test_half_a_surrogate_pair_in_a_reply_survives(document: Callable[..., Path], tmp_path: Path) -> None:
    results = read(document("contracts", 0, "counterexamples", 0, "raw", to="\ud83d oops"))
    write(results, tmp_path / "again.json")
    assert read(tmp_path / "again.json").contracts[0].counterexamples[0].raw == "\ud83d oops"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "this is not JSON"),
        (b"{", "this is not JSON"),
        (b"\xff\xfe", "UTF-16"),
        (b'{"seconds": NaN}', "NaN is not a JSON number"),
        (b"[" * 100_000, "this is not JSON"),
        (b"[]", "it names no version"),
        (b"{}", "it names no version"),
        (b'{"schema_version": "1"}', "it names no version"),
        (b'{"schema_version": 2}', "schema_version=2 is not one this callproof reads"),
        (b'{"schema_version": 1}', "is a required property"),
    ],
)
def test_what_is_no_results_file_is_refused(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read(path)
    assert problem in error.value.problem
    assert error.value.where.startswith(str(path))


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        read(tmp_path / "none.json")
    with pytest.raises(UserError, match="this is a folder"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("contracts", 0, "verdict", "name"), "perhaps"),
        (("contracts", 1, "bar", "bound"), 1.5),
        (("contracts", 1, "bar", "kind"), "sometimes"),
        (("contracts", 1, "bar", "at_least"), 0.5),
        (("contracts", 3, "curves", "likelihood", 0, "count"), 0),
        (("contracts", 0, "counterexamples", 0, "case", "catalog", "policy"), "guess"),
        (("contracts", 0, "held_rate", "level"), "high"),
        (("catalogs", "a/b~c"), 5),
        (("started",), "yesterday"),
        (("seed",), 1.5),
    ],
    ids=lambda value: "/".join(map(str, value)) if isinstance(value, tuple) else repr(value),
)
def test_what_breaks_the_schema_is_told_with_its_pointer(
    keys: tuple[Any, ...], value: object, document: Callable[..., Path]
) -> None:
    path = document(*keys, to=value)
    with pytest.raises(UserError) as error:
        read(path)
    parts = keys[:-1] if keys[-1] == "at_least" else keys  # a key too many is told of the object that has it
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    assert error.value.where == f"{path} {pointer}"


def test_a_verdict_that_was_changed_by_hand_is_refused(document: Callable[..., Path]) -> None:
    with pytest.raises(UserError, match="the verdicts of the contracts say otherwise"):
        read(document("passed", to=True))


def test_a_write_that_breaks_off_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "results.json"
    write(PASSING, path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        write(FAILING, path)
    assert read(path) == PASSING
    assert [p.name for p in tmp_path.iterdir()] == ["results.json"]


@pytest.mark.parametrize("where", ["", "results.json/below.json"])
def test_a_place_that_cannot_be_written_to_is_told(where: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("a file, not a folder")
    with pytest.raises(UserError, match=r"folder|cannot be written"):
        write(PASSING, tmp_path / where)
