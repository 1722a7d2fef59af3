"""Texts that are nearly the same are found as if each had been compared with each."""

from __future__ import annotations

from random import Random

import pytest
from rapidfuzz import fuzz

from train.rows import near
from train.rows.near import NEAR_PERCENT, near_groups, near_ones


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


def linked(texts: list[str]) -> list[int]:
    """The first text that each is linked with, found by joining pair after pair until nothing changes."""
    found = list(range(len(texts)))
    pairs = [
        (one, other)
        for one in range(len(texts))
        for other in range(one)
        if fuzz.ratio(texts[one], texts[other]) >= NEAR_PERCENT
    ]
    while any(found[one] != found[other] for one, other in pairs):
        for one, other in pairs:
            found[one] = found[other] = min(found[one], found[other])
    return found


@pytest.mark.parametrize(("at_once", "block"), [(1, 1), (7, 5), (256, 4096)])
def test_groups_are_those_of_all_pairs(at_once: int, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near, "_AT_ONCE", at_once)
    monkeypatch.setattr(near, "_BLOCK", block)
    random = Random(4)
    texts = ["".join(random.choices("ab ", k=random.randint(4, 30))) for _ in range(120)]
    texts += [text + letter for text in texts[:40] for letter in "cd"]
    expected = linked(texts)
    assert near_groups(texts) == expected
    assert len(texts) // 4 < len(set(expected)) < len(texts)


def test_texts_between_link_others_that_are_not_near() -> None:
    texts = ["a" * 20 + "b" * count for count in (0, 3, 6)] + ["c" * 20]
    assert fuzz.ratio(texts[0], texts[2]) < NEAR_PERCENT
    assert near_groups(texts) == [0, 0, 0, 3]
    assert near_groups([]) == []
