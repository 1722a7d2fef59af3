"""Rows are encoded piece by piece and by several processes, to the very same ids and labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.formats import load_format
from fixtures.rows.reading import Row
from tests.miniature import TINY_FORMATS
from tests.train.making import drawn
from train.rows import encoding
from train.rows.encoding import encode_all
from train.rows.mask import Example, encode, load_tokenizer
from train.rows.pieces import Pieces

MAX = 4096


def rows(count: int) -> list[Row]:
    return [Row(line, tuple(row["messages"]), tuple(row["tools"])) for line, row in enumerate(drawn(count), 1)]


class Whole(Pieces):
    """Pieces that are never taken apart."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.apart = False


@pytest.mark.parametrize("name", TINY_FORMATS)
def test_pieces_make_the_ids_and_labels_of_the_whole_text(name: str, small_tokenizer: Path) -> None:
    form = load_format(name)
    tokenizer = load_tokenizer(small_tokenizer, form)
    made = encode_all(rows(40), form, tokenizer, MAX)
    whole = Whole(tokenizer, form)
    assert Pieces(tokenizer, form).apart
    assert made == [encode(row, form, tokenizer, MAX, whole) for row in rows(40)]
    assert all(isinstance(example, Example) for example in made)


def test_a_tokenizer_whose_pieces_know_of_each_other_is_given_whole_texts(
    small_tokenizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = load_format("functiongemma")
    tokenizer = load_tokenizer(small_tokenizer, form)
    expected = encode_all(rows(6), form, tokenizer, MAX)
    monkeypatch.setattr(Pieces, "ids", lambda self, text: list(self.whole(text).ids) if not self.apart else [0])
    assert encode_all(rows(6), form, tokenizer, MAX) == expected


def test_several_processes_make_the_same_in_the_same_order(
    small_tokenizer: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = load_format("functiongemma")
    tokenizer = load_tokenizer(small_tokenizer, form)
    alone, shares = encode_all(rows(30), form, tokenizer, MAX), list[float]()
    for limit, value in {"SHARED": 10, "STRETCH": 7}.items():
        monkeypatch.setattr(encoding, limit, value)
    monkeypatch.setattr(encoding, "cores", lambda: [0, 1])
    assert encode_all(rows(30), form, tokenizer, MAX, shares.append) == alone
    assert shares[-1] == 1.0
