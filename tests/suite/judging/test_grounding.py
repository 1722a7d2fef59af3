"""A value is grounded if somebody said it or the tool declares it, however it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.choosing import SeededChooser
from fixtures.types import Case, Catalog, Tool, ToolCall, assistant, user
from suite.exam.cases import clear
from suite.exam.scene import Scene
from suite.judging.grounding import numbers_in, ungrounded

TOOL = Tool(
    "book",
    "",
    {
        "type": "object",
        "properties": {
            "who": {"type": "string"},
            "count": {"type": "integer"},
            "when": {"type": "string"},
            "kind": {"enum": ["single", "double"]},
            "unit": {"type": "string", "default": "celsius"},
            "guests": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}},
            "quiet": {"type": "boolean"},
        },
    },
)


def faults(text, /, *earlier, **arguments):
    case = Case(Catalog("c", (TOOL,)), (*earlier, user(text)))
    return [pointer for pointer, _ in ungrounded(case, "book", arguments)]


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("book for  MARA  lind", {"who": "Mara Lind"}),
        ("for 'O\"Neil'", {"who": 'O"Neil'}),
        ("three rooms", {"count": 3}),
        ("twenty-one rooms", {"count": 21}),
        ("a hundred rooms", {"count": 100}),
        ("20.5 degrees", {"count": 20.5}),
        ("on 5 March 2026", {"when": "2026-03-05"}),
        ("on 2026-03-05 at 18:15", {"when": "2026-03-05T18:15:00"}),
        ("a room", {"kind": "double", "unit": "celsius", "quiet": True, "who": ""}),
        ("guests Ann and Bo", {"guests": [{"name": "ann"}, {"name": "Bo"}]}),
        ("room 12 for me", {"who": "12"}),
    ],
)
def test_what_was_said_or_declared_is_grounded(text, arguments):
    assert faults(text, **arguments) == []


@pytest.mark.parametrize(
    ("text", "arguments", "pointers"),
    [
        ("a room", {"who": "Mara"}, ["/who"]),
        ("three rooms", {"count": 4}, ["/count"]),
        ("the lamp la-53", {"who": "la-5"}, ["/who"]),
        ("on 15 March", {"when": "2026-03-05"}, ["/when"]),
        ("on 2026-03-05", {"when": "2026-03-05T18:15:00"}, ["/when"]),
        ("guest Ann", {"guests": [{"name": "Ann"}, {"name": "Bo"}]}, ["/guests/1/name"]),
        ("a room", {"surprise": "lamp-7"}, ["/surprise"]),
    ],
)
def test_what_nobody_said_is_not(text, arguments, pointers):
    assert faults(text, **arguments) == pointers


def test_earlier_turns_calls_and_tool_results_count():
    earlier = (user("for Mara"), assistant([ToolCall("book", {"count": 3})]))
    result = {"role": "tool", "content": {"name": "book", "response": {"id": "b-17"}}}
    assert faults("again", *earlier, result, who="Mara", count=3, when="b-17") == []


@given(st.integers(0, 300))
def test_the_grammar_says_every_value_that_it_draws(seed):
    case = clear(Scene(catalogs=()), SeededChooser(seed))
    for call in case.oracle.calls or ():
        assert ungrounded(case, call.name, call.arguments) == []


def test_numbers_are_read_from_digits_and_words():
    assert numbers_in("12, -3.5, forty two and seven thousand") == {12.0, -3.5, 42.0, 7.0, 1000.0}
