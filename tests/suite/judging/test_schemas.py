"""Judging a call by its tool's schema: the most telling fault, and an end to whatever a schema asks for."""

from __future__ import annotations

from typing import Any

import pytest

from suite.judging.schemas import first_fault


def schema(properties: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **beside}


NODE = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}, "v": {"type": "integer"}}}
LIST = schema({"a": {"$ref": "#/$defs/node"}}, **{"$defs": {"node": NODE}})
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "right": (schema({"a": {"type": "integer"}}), {"a": 1}, ""),
    "another type": (schema({"a": {"type": "integer"}}), {"a": "1"}, "/a: '1' is not of type 'integer'"),
    "not declared": (schema({"a": {}}), {"b": 1}, "/b: this argument is not declared"),
    "allowed though not declared": (schema({}, additionalProperties=True), {"b": 1}, ""),
    "declared in an alternative": (schema({}, anyOf=[{"properties": {"b": {}}}, {"required": ["c"]}]), {"b": 1}, ""),
    "cents": (schema({"a": {"type": "number", "multipleOf": 0.01}}), {"a": 4.02}, ""),
    "half a cent": (schema({"a": {"multipleOf": 0.01}}), {"a": 4.025}, "/a: 4.025 is not a multiple of 0.01"),
    "no address": (schema({"a": {"format": "email"}}), {"a": "bob"}, "/a: 'bob' is not a 'email'"),
    "no moment": (schema({"a": {"format": "date-time"}}), {"a": "tomorrow"}, "/a: 'tomorrow' is not a 'date-time'"),
    "letters": (schema({"a": {"pattern": r"^\p{L}+$"}}), {"a": "Jürgen"}, ""),
    "deep and right": (LIST, {"a": {"next": {"next": {"v": 1}}}}, ""),
    "deep and wrong": (LIST, {"a": {"next": {"next": {"v": "x"}}}}, "/a/next/next/v: 'x' is not of type 'integer'"),
    "a pattern without end": (
        schema({"a": {"pattern": "^(a|a)*$"}}), {"a": "a" * 100 + "!"},
        "/: the pattern '^(a|a)*$' took longer than 0.2 s on a text of 101 letters",
    ),
    "a reference to elsewhere": (
        schema({"a": {"$ref": "http://127.0.0.1:9/x"}}), {"a": 1},
        "/: the tool's schema cannot be used: 'Unresolvable: http://127.0.0.1:9/x'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("declared", "arguments", "fault"), CASES.values(), ids=CASES)
def test_the_most_telling_fault_is_told(declared: dict[str, Any], arguments: dict[str, Any], fault: str) -> None:
    assert first_fault(declared, arguments) == fault


def test_arguments_beyond_any_depth_are_a_fault() -> None:
    value: dict[str, Any] = {}
    for _ in range(400):
        value = {"next": value}
    assert first_fault(LIST, {"a": value}) == "/: the arguments are nested too deeply to be checked"


def test_a_long_message_is_cut() -> None:
    fault = first_fault(schema({"a": {"enum": [f"value{n}" for n in range(5_000)]}}), {"a": "x"})
    assert fault.startswith("/a: 'x' is not one of ['value0', ")
    assert len(fault) < 400
