"""Which prompts are answered together: batches of similar length, and beginnings that prompts share read only once.

Pure; the decoder carries a plan out. Prompts that begin alike (the same catalog, mostly) make a *family*. A batch
holds either whole prompts or families; of a family the shared beginning is read first, then every row's *tail*. Tails
that are read together get the same length, shorter ones taking in some of the beginning again, so that nothing is
padded in the middle of a prompt, where a layer with a sliding window would notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TypeAlias

Tokens: TypeAlias = Sequence[int]

SHORTEST_SHARED = 64
"""Tokens; to read a shorter beginning twice costs less than to share it."""
LEAST_OVERLAP = 0.9
"""A prompt joins a family only if the family goes on sharing this much of what it shares."""
LEAST_SAVED = 0.25
"""Of the tokens of a family; less is not worth another pass through the model."""

READ_AT_ONCE = 4
"""Prompts of a batch, on a processor: so few are padded little, and stay in its cache while a layer works on them."""


@dataclass(frozen=True, slots=True)
class Family:
    """Prompts (by index) whose first `shared` tokens are the same; a family of one shares nothing."""

    members: tuple[int, ...]
    shared: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Prompts (by index) to answer together; if there are families, `rows` lists their members in order."""

    rows: tuple[int, ...]
    families: tuple[Family, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a batch may be: rows, and rows times the longest row with its reply. One row is always allowed."""

    rows: int
    tokens: int


# Measured by benchmarks/prefix.py: a processor gains nothing from larger batches.
ON_CPU, ON_GPU = Limits(rows=40, tokens=32_768), Limits(rows=128, tokens=131_072)


def common_prefix(first: Tokens, second: Tokens) -> int:
    """How many leading tokens are the same."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))


def find_families(prompts: Sequence[Tokens]) -> list[Family]:
    """Every prompt in exactly one family."""
    found: list[Family] = []
    for index in sorted(range(len(prompts)), key=lambda index: tuple(prompts[index])):
        joined = _joined(found[-1], prompts, index) if found else None
        if joined:
            found[-1] = joined
        else:
            found.append(Family((index,), 0))
    return [part for family in found for part in _kept(family, prompts)]


def _kept(family: Family, prompts: Sequence[Tokens]) -> Iterator[Family]:
    """The family, or its members one by one if it saves too little."""
    saved = family.shared * (len(family.members) - 1)
    if saved >= LEAST_SAVED * sum(len(prompts[index]) for index in family.members):
        yield family
    else:
        yield from (Family((index,), 0) for index in family.members)


def _joined(family: Family, prompts: Sequence[Tokens], index: int) -> Family | None:
    """The family with this prompt in it, or None if it had better stay out.

    At least one token of every prompt is left for its tail: the one whose logits start the reply.
    """
    first, other = prompts[family.members[0]], prompts[index]
    shared = min(common_prefix(first, other), len(first) - 1, len(other) - 1)
    if family.shared:
        shared = min(shared, family.shared)
        enough = LEAST_OVERLAP * family.shared
    else:
        enough = min(len(first), len(other)) / 2
    return Family((*family.members, index), shared) if shared >= max(enough, SHORTEST_SHARED) else None


def plan(prompts: Sequence[Tokens], limits: Limits, *, new_tokens: int, share: bool = True) -> Iterator[Batch]:
    """Batches that hold every prompt once; the longest come first, so that memory runs out at once or never."""
    families = find_families(prompts) if share else [Family((index,), 0) for index in range(len(prompts))]
    alone = [family for family in families if not family.shared]
    sharing = [part for family in families if family.shared for part in _parts(family, prompts, limits, new_tokens)]
    for kind in (alone, sharing):
        kind.sort(key=lambda family: -_longest(family, prompts))
        yield from _filled(kind, prompts, limits, new_tokens)


def _longest(family: Family, prompts: Sequence[Tokens]) -> int:
    return max(len(prompts[index]) for index in family.members)


def _parts(family: Family, prompts: Sequence[Tokens], limits: Limits, new_tokens: int) -> Iterator[Family]:
    """A family in pieces that fit into a batch, prompts of similar length together."""
    size = max(1, min(limits.rows, limits.tokens // (_longest(family, prompts) + new_tokens)))
    ordered = sorted(family.members, key=lambda index: len(prompts[index]))
    for start in range(0, len(ordered), size):
        yield Family(tuple(ordered[start : start + size]), family.shared)


def _filled(families: Sequence[Family], prompts: Sequence[Tokens], limits: Limits, new_tokens: int) -> Iterator[Batch]:
    """Families, longest first, in batches as full as the limits allow."""
    taken: list[Family] = []
    rows = width = 0
    for family in families:
        rows += len(family.members)
        if taken and (rows > limits.rows or rows * width > limits.tokens):
            yield _batch(taken)
            taken, rows = [], len(family.members)
        if not taken:
            width = _longest(family, prompts) + new_tokens
        taken.append(family)
    if taken:
        yield _batch(taken)


def _batch(families: Sequence[Family]) -> Batch:
    rows = tuple(index for family in families for index in family.members)
    return Batch(rows, tuple(families) if families[0].shared else ())
