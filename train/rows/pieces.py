"""Token ids of wire text, piece by piece: what stands between two control tokens is tokenised once for all rows.

A tokenizer cuts a text at its added tokens before it does anything else, so the pieces do not know of each other. What
could undo that (an added token that takes the white space beside it, or is not found as it is written) is looked for
first, and `whole` is there to compare with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fixtures.formats import Format

IGNORED = -100
"""The label of a token that the loss does not count; torch's and the trainers' own convention."""
_MOST_KEPT = 200_000
"""Pieces; a file has some ten for each row that no other row has."""

Offsets = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """Token ids of a stretch of text, as many labels that count for nothing, and the characters of each token."""

    ids: tuple[int, ...]
    ignored: tuple[int, ...]
    offsets: Offsets
    length: int


class Pieces:
    """One tokenizer and what it made of the pieces that it has seen."""

    def __init__(self, tokenizer: Any, form: Format) -> None:
        self.tokenizer = tokenizer
        self._backend = tokenizer.backend_tokenizer
        self._cut = re.compile("(" + "|".join(map(re.escape, sorted(form.control_tokens, key=len, reverse=True))) + ")")
        self._seen: dict[str, Piece] = {}
        self.apart = _stand_apart(tokenizer, form.control_tokens)

    def of(self, text: str) -> Sequence[Piece]:
        """The pieces of a text, in its order; the whole text where pieces are not to be trusted."""
        if not self.apart:
            return [self.whole(text)]
        found = []
        for part in self._cut.split(text):
            if part:
                piece = self._seen.get(part)
                if piece is None:
                    if len(self._seen) >= _MOST_KEPT:
                        self._seen.clear()
                    piece = self._seen[part] = self.whole(part)
                found.append(piece)
        return found

    def whole(self, text: str) -> Piece:
        """A text tokenised as one."""
        encoded = self._backend.encode(text, add_special_tokens=False)
        ids = tuple(encoded.ids)
        return Piece(ids, (IGNORED,) * len(ids), tuple(encoded.offsets), len(text))

    def ids(self, text: str) -> list[int]:
        """The ids of a text."""
        return [token for piece in self.of(text) for token in piece.ids]


def _stand_apart(tokenizer: Any, control_tokens: Sequence[str]) -> bool:
    """Whether the control tokens are cut out of a text as they stand, whatever is beside them."""
    added = {token.content: token for token in tokenizer.added_tokens_decoder.values()}
    found = [added.get(text) for text in control_tokens]
    return all(
        token is not None and not (token.lstrip or token.rstrip or token.single_word or token.normalized)
        for token in found
    )
