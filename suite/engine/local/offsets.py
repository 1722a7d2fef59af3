"""Which characters of a reply each of its tokens wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, takewhile


def token_ends(ids: Sequence[int], text: str, decode: Callable[[Sequence[int]], str]) -> tuple[int, ...]:
    """Behind which character of `text`, which is what `decode` makes of all ids, each token ends.

    A token that holds only the first bytes of a character ends where it starts. Tokens are decoded one by one; where
    that does not give the text (a character in several tokens, a space that is dropped at the start), the beginnings of
    the reply are decoded, each of which agrees with the text as far as it is complete.
    """
    pieces = [decode([token]) for token in ids]
    if "".join(pieces) == text:
        return tuple(accumulate(map(len, pieces)))
    beginnings = [decode(ids[: count + 1]) for count in range(len(ids))]
    # The largest so far: what a decoder makes of half a character may by chance agree with the text, and then not.
    return tuple(accumulate((_agreeing(beginning, text) for beginning in beginnings), max))


def _agreeing(first: str, second: str) -> int:
    """How many leading characters are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
