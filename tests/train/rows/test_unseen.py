"""What a check says of rows in the format of a template: its traps, what it loses, and what it never shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.formats import FORMATS, load_format
from fixtures.formats.found import find_format
from fixtures.rows.reading import Row
from fixtures.types import Tool, ToolCall, assistant, user
from tests.fixtures.formats.found.templates import HERMES, SILENT, source
from tests.train.making import LAMP, good, write
from train.cli import main
from train.rows.unseen import unseen_parameters

SCHEMA = "tools | tojson"
TEXT = {"type": "string"}
NESTED = Tool(
    "plan",
    "Plan a day.",
    {
        "type": "object",
        "properties": {
            "properties": {"type": "object", "properties": {"in": TEXT, "out": TEXT}},
            "stops": {"type": "array", "items": {"type": "object", "properties": {"at": TEXT}}},
        },
        "required": ["properties"],
    },
)


def declaring(how: str) -> str:
    """A template that declares its tools so."""
    assert SCHEMA in HERMES
    return HERMES.replace(SCHEMA, how)


def row(tool: Tool, **arguments: object) -> Row:
    return Row(1, (dict(user("Go")), dict(assistant([ToolCall(tool.name, arguments)]))), (tool.declaration(),))


@pytest.fixture(scope="module")
def required_only():
    """A template that tells the names of what is required, and nothing else of the parameters."""
    told = "tools | map(attribute='function') | map(attribute='parameters') | map(attribute='required') | list | string"
    return find_format(source(declaring(f"(tools | map(attribute='function.name') | join) ~ ({told})")))


@pytest.mark.parametrize("name", FORMATS)
def test_shipped_formats_show_every_parameter(name: str) -> None:
    assert unseen_parameters([row(LAMP, room="hall")], load_format(name)) == []


def test_a_template_that_writes_declarations_as_they_are_shows_inner_parameters_too() -> None:
    assert unseen_parameters([row(NESTED, properties={})], find_format(source(HERMES))) == []


def test_parameters_that_leave_no_trace_are_named_with_the_calls_that_give_them(required_only) -> None:
    found = unseen_parameters([row(LAMP, room="hall", level=3)], required_only)
    assert {f.figures["parameter"]: (f.group, f.lines) for f in found} == {
        "/room": ("teaches the fault", (1,)),
        "/level": ("teaches the fault", (1,)),
        "/on": ("worth knowing", (1,)),
    }


def test_of_a_parameter_that_is_not_shown_its_own_parts_are_not_told_beside_it(required_only) -> None:
    found = unseen_parameters([row(NESTED)], required_only)
    assert [f.figures["parameter"] for f in found] == ["/properties", "/stops"]


def test_an_inner_parameter_that_is_not_shown_is_told_by_its_place() -> None:
    flat = "tools | string | replace(\"'at': {'type': 'string'}\", '') | replace(\"'in': {'type': 'string'}, \", '')"
    found = unseen_parameters([row(NESTED)], find_format(source(declaring(flat))))
    assert [f.figures["parameter"] for f in found] == ["/properties/in", "/stops/*/at"]


def checked(tmp_path: Path, template: str, *options: str) -> int:
    file = tmp_path / "theirs.jinja"
    file.write_text("{{- bos_token -}}" + template.replace("<s0>", "<start_of_turn>").replace("<s1>", "<end_of_turn>"))
    rows = write(tmp_path / "rows.jsonl", [good(level=3)])
    return main(["check", str(rows), "--format", "auto", "--chat-template", str(file), *options])


def test_rows_are_checked_in_the_format_of_a_template(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    assert checked(tmp_path, HERMES, "--json", str(report)) == 0
    assert "written as tagged_json from" in capsys.readouterr().out
    assert json.loads(report.read_text())["format"].startswith("tagged_json")


def test_rows_are_refused_with_the_traps_name_before_they_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(tmp_path, SILENT) == 2
    assert "writes nothing for a call" in capsys.readouterr().err


def test_what_is_given_to_a_template_wants_the_format_that_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = write(tmp_path / "rows.jsonl", [good()])
    assert main(["check", str(rows), "--format", "hermes", "--system", "Be brief."]) == 2
    assert "--format auto" in capsys.readouterr().err
