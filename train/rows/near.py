"""Which of many texts are nearly the same as another one, and as which, without comparing each with each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

NEAR_PERCENT = 92
"""Of two texts' letters that agree (rapidfuzz's ratio): above it they are the same sentence with a word changed."""
_LONGER = (200 - NEAR_PERCENT) / NEAR_PERCENT
"""How much longer than another a text can be and still agree so far: all of the shorter one, twice, in both."""
_AT_ONCE, _NEXT_DOOR, _BLOCK = 256, 256, 4096


def near_ones(texts: Sequence[str], progress: Callable[[float], None] = lambda share: None) -> set[int]:
    """The numbers of the texts that are nearly the same as another; the texts themselves are all different.

    They are sorted by length and spelling, so that most which have a near one find it next door, and only the others
    are compared with all that are not too long or too short. `progress` is told the share that is done.
    """
    import numpy as np
    from rapidfuzz import fuzz, process

    order = sorted(range(len(texts)), key=lambda number: (len(texts[number]), texts[number]))
    ordered = [texts[number] for number in order]
    lengths = [len(text) for text in ordered]
    close = np.zeros(len(ordered), dtype=bool)
    for start in range(0, len(ordered), _AT_ONCE):
        end = min(start + _AT_ONCE, len(ordered))
        low = bisect_left(lengths, lengths[start] / _LONGER)
        high = bisect_right(lengths, lengths[end - 1] * _LONGER)
        for first, last in _blocks(start, end, low, high):
            left = start + np.flatnonzero(~close[start:end])
            if not left.size:
                break
            asked = [ordered[number] for number in left]
            agree = process.cdist(
                asked, ordered[first:last], scorer=fuzz.ratio, score_cutoff=NEAR_PERCENT, dtype=np.uint8, workers=-1
            ).astype(bool)
            within = (left >= first) & (left < last)
            agree[np.flatnonzero(within), left[within] - first] = False
            close[left[agree.any(axis=1)]] = True
            close[first + np.flatnonzero(agree.any(axis=0))] = True
        progress(end / len(ordered))
    return {order[number] for number in np.flatnonzero(close)}


def near_groups(texts: Sequence[str], progress: Callable[[float], None] = lambda share: None) -> list[int]:
    """For each text the number of its group: texts are in one if they are nearly the same, or if others lie between.

    A group's number is that of its first text. `progress` is told the share that is done.
    """
    import numpy as np
    from rapidfuzz import fuzz, process

    order = sorted(range(len(texts)), key=lambda number: (len(texts[number]), texts[number]))
    ordered = [texts[number] for number in order]
    lengths = [len(text) for text in ordered]
    groups = Groups(len(texts))
    for start in range(0, len(ordered), _AT_ONCE):
        end = min(start + _AT_ONCE, len(ordered))
        high = bisect_right(lengths, lengths[end - 1] * _LONGER)
        for first in range(start, high, _BLOCK):
            agree = process.cdist(
                ordered[start:end], ordered[first : min(high, first + _BLOCK)], scorer=fuzz.ratio,
                score_cutoff=NEAR_PERCENT, dtype=np.uint8, workers=-1,
            )  # fmt: skip
            for one, other in zip(*np.nonzero(agree), strict=True):
                groups.join(order[start + int(one)], order[first + int(other)])
        progress(end / len(ordered))
    return groups.numbers()


class Groups:
    """Numbers that belong together, joined pair by pair; a group is known by its smallest number."""

    def __init__(self, size: int) -> None:
        self._parents = list(range(size))

    def join(self, one: int, other: int) -> None:
        """These two belong together, and so do all that belong to either."""
        first, second = sorted((self._root(one), self._root(other)))
        self._parents[second] = first

    def numbers(self) -> list[int]:
        """For each number that of its group."""
        return [self._root(number) for number in range(len(self._parents))]

    def _root(self, number: int) -> int:
        while self._parents[number] != number:
            self._parents[number] = self._parents[self._parents[number]]
            number = self._parents[number]
        return number


def _blocks(start: int, end: int, low: int, high: int) -> Iterator[tuple[int, int]]:
    """Stretches of the order that make up `low` to `high`, those next to `start` to `end` first."""
    before, after = max(low, start - _NEXT_DOOR), min(high, end + _NEXT_DOOR)
    yield before, after
    while before > low or after < high:
        if after < high:
            yield after, min(high, after + _BLOCK)
            after = min(high, after + _BLOCK)
        if before > low:
            yield max(low, before - _BLOCK), before
            before = max(low, before - _BLOCK)
