"""Messages come out of Arrow as they went in, types and figures included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.formats import load_format
from fixtures.types import ToolCall, assistant, user
from tests.miniature import TINY_FORMATS
from tests.train.making import LAMP
from train.rows.mask import load_tokenizer
from train.rows.packed import pack, unpack, unpacking

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
@settings(deadline=None, max_examples=60)
def test_a_packed_message_is_unpacked_to_the_same_json(arguments: dict[str, object]) -> None:
    message = dict(assistant([ToolCall("f", arguments)], confidence=0.95))
    assert json.dumps(unpack(pack(message))) == json.dumps(message)


def test_a_message_that_was_not_packed_stays_as_it_is() -> None:
    assert unpack({"role": "user", "content": "hi"}) == {"role": "user", "content": "hi"}


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_the_unpacking_tokenizer_renders_what_the_format_renders(form: str, small_tokenizer: Path) -> None:
    wire = load_format(form)
    tokenizer = load_tokenizer(small_tokenizer, wire)
    call = ToolCall("set_lamp", {"room": "lobby", "on": [0.95, 2.0, 10**25, None]})
    messages = wire.with_developer([user("Light!"), assistant([call], confidence=0.95)])
    rendered = unpacking(tokenizer).apply_chat_template(
        [pack(message) for message in messages], tools=[LAMP.declaration()], tokenize=False
    )
    assert rendered == wire.render(messages, [LAMP.declaration()]).text
    assert type(tokenizer) is type(load_tokenizer(small_tokenizer, wire))
