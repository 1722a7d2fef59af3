"""Texts that are nearly the same are found as if each had been compared with each."""

from __future__ import annotations

from random import Random

import pytest
from rapidfuzz import fuzz

from train.rows import near
from train.rows.near import NEAR_PERCENT, near_ones


def of_all_pairs(texts: list[str]) -> set[int]:
    return {
        number
        for number, text in enumerate(texts)
        if any(fuzz.ratio(text, other) >= NEAR_PERCENT for place, other in enumerate(texts) if place != number)
    }


@pytest.mark.parametrize("at_once", [1, 7, 256])
def test_the_same_are_found_as_by_comparing_all(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in {"_AT_ONCE": at_once, "_NEXT_DOOR": 3, "_BLOCK": 5}.items():
        monkeypatch.setattr(near, name, size)
    random = Random(3)
    words = "open close the a blind lamp door in of study bar hall spa now soon later please".split()
    texts = list(dict.fromkeys(" ".join(random.choices(words, k=random.randint(2, 12))) for _ in range(300)))
    texts += [text + "s" for text in texts[:60:2]]
    expected = of_all_pairs(texts)
    assert near_ones(texts) == expected
    assert 0 < len(expected) < len(texts)


def test_no_text_is_near_itself() -> None:
    assert near_ones(["open the blind"]) == set()
    assert near_ones([]) == set()
