"""Which characters a token wrote, with tokenizers that split characters and drop spaces, and what is read from it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.engine.local.offsets import token_ends
from suite.reply import Generation

SPLIT = st.lists(st.text(max_size=3), max_size=6).flatmap(
    lambda texts: st.just("".join(texts).encode()).flatmap(
        lambda data: st.lists(st.integers(0, len(data)), max_size=8).map(lambda cuts: (data, sorted({0, *cuts})))
    )
)
"""Bytes of a text, and where tokens begin."""


def decoder(pieces: Sequence[bytes], start: str = ""):
    """What a byte-level tokenizer does; with `start`, one that drops it from the beginning of a text."""
    return lambda ids: b"".join(pieces[i] for i in ids).decode(errors="replace").removeprefix(start)


@given(SPLIT)
def test_a_character_in_several_tokens_belongs_to_the_first_and_ends_with_the_last(
    split: tuple[bytes, list[int]],
) -> None:
    data, starts = split
    pieces = [data[a:b] for a, b in zip(starts, [*starts[1:], len(data)], strict=True)]
    text, ids = data.decode(), range(len(pieces))
    ends = token_ends(ids, text, decoder(pieces))
    assert ends[-1] == len(text)
    for count in ids:
        whole = b"".join(pieces[: count + 1]).decode(errors="ignore")
        # Half a character may be read as U+FFFD, which the text may have by itself.
        assert ends[count] == len(whole) or "\ufffd" in text


def test_a_space_that_is_dropped_at_the_start_shifts_nothing() -> None:
    pieces = [b" call", b":", b" f"]
    assert token_ends(range(3), "call: f", decoder(pieces, start=" ")) == (4, 5, 7)


def test_ends_are_counted_in_characters_and_not_in_bytes() -> None:
    pieces = ["é".encode(), "🙂".encode()[:2], "🙂".encode()[2:], b"a"]
    assert token_ends(range(4), "é🙂a", decoder(pieces)) == (1, 1, 2, 3)


def test_no_tokens_have_no_ends() -> None:
    assert token_ends([], "", decoder([])) == ()


SAID = Generation("é🙂a b", tuple(map(math.log, (0.9, 0.8, 0.7, 0.6, 0.5))), "stop", (1, 1, 2, 3, 5))


@pytest.mark.parametrize(
    ("spans", "wanted"),
    [
        ([(0, 1)], 0.9),
        ([(1, 2)], 0.8 * 0.7),  # both halves of the character
        ([(2, 3)], 0.6),
        ([(4, 5)], 0.5),  # a token that holds the space too counts as a whole
        ([(0, 1), (2, 4)], 0.9 * 0.6 * 0.5),
        ([(0, 5)], 0.9 * 0.8 * 0.7 * 0.6 * 0.5),
        ([(0, 1), (0, 1)], 0.9),
    ],
)
def test_the_likelihood_of_spans_is_that_of_the_tokens_that_hold_them(
    spans: list[tuple[int, int]], wanted: float
) -> None:
    assert SAID.likelihood(spans) == pytest.approx(wanted)


@pytest.mark.parametrize("spans", [[], [(2, 2)], [(7, 9)]], ids=["none", "empty", "outside"])
def test_where_no_token_is_held_there_is_no_likelihood(spans: list[tuple[int, int]]) -> None:
    assert SAID.likelihood(spans) is None


def test_without_places_of_tokens_there_is_no_likelihood_of_a_part() -> None:
    assert Generation("abc", (0.0,), "stop").likelihood([(0, 3)]) is None


def test_an_end_for_each_token_or_none_at_all() -> None:
    with pytest.raises(ValueError, match="1 ends for 2 tokens"):
        Generation("abc", (0.0, 0.0), "stop", (3,))
