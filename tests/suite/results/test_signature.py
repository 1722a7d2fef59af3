from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.types import Tool
from suite.results.signature import signature


def of(properties: dict[str, Any], *required: str) -> str:
    return signature(Tool("f", "", {"type": "object", "properties": properties, "required": list(required)}))


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "string"}, "string"),
        ({"type": "integer", "minimum": 0, "maximum": 100}, "integer 0..100"),
        ({"type": "number", "minimum": 0}, "number 0.."),
        ({"type": ["string", "null"]}, "string | null"),
        ({"enum": ["east", "west", 3]}, '"east" | "west" | 3'),
        ({"enum": list(range(10))}, "0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 2 more"),
        ({"const": True}, "true"),
        ({"type": "array", "items": {"type": "string"}}, "list of string"),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}, "{a: string}"),
        ({"type": "object"}, "object"),
        ({}, "any"),
        (True, "any"),
    ],
)
def test_kinds_of_parameters(schema: Any, shown: str) -> None:
    assert of({"x": schema}, "x") == f"f(x: {shown})"


def test_a_question_mark_stands_behind_what_may_be_left_out() -> None:
    assert of({"a": {"type": "string"}, "b": {"type": "string"}}, "a") == "f(a: string, b?: string)"


def test_no_parameters() -> None:
    assert of({}) == "f()"


def test_endless_nesting_ends() -> None:
    schema: dict[str, Any] = {"type": "object"}
    schema["properties"] = {"again": schema}
    assert signature(Tool("f", "", schema)).count("again") == 7


KEYS = ["type", "enum", "const", "items", "properties", "required", "minimum", "maximum"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner),
)


@given(JSON)
def test_any_parameter_has_some_signature(schema: Any) -> None:
    assert of({"x": schema}, "x").startswith("f(x: ")
