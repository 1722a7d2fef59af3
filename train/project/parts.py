"""Which part of a split each row belongs to: decided by what is asked and a seed alone, not by where a row stands.

Rows that ask the same, or nearly, are one *bundle* and stay together, so that no part knows the requests of another.
Bundles are dealt tool by tool: ordered by a hash of what they ask and the seed, and cut where the shares end. A further
row moves the cuts of its own tool by less than a row, so at most one other bundle crosses each of them.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from fixtures.grounding import normal
from fixtures.rows.reading import Row
from suite.exam.trained import keys_of
from train.rows.near import Groups, near_groups

PARTS = ("train", "examples", "cases")
TRAIN, EXAMPLES, CASES = range(len(PARTS))
Shares = tuple[int, int, int]
"""Per cent of the rows for each of PARTS."""
NO_CALL = ""
"""What stands for a tool where a row calls none."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Numbers of rows that stay together, and what places them among others, from 0 to 1."""

    rows: tuple[int, ...]
    place: float


@dataclass(frozen=True, slots=True)
class Parted:
    """For each row the number of its part; `near` names the tools whose requests are so alike that only those which are
    the very same were kept together."""

    parts: tuple[int, ...]
    near: tuple[str, ...] = ()


def part_rows(
    rows: Sequence[Row],
    must: Collection[int],
    shares: Shares,
    seed: int,
    progress: Callable[[float], None] = lambda share: None,
) -> Parted:
    """The part of each row; those whose numbers are in `must` are cases, and so is all that is asked like them."""
    texts = [asked(row) for row in rows]
    same = _same(rows, texts)
    alike = _alike(same, texts, progress)
    parts = [CASES] * len(rows)
    kept, near = _kept(rows, must, same, alike, max(1.0, shares[CASES] * len(rows) / 100))
    strata = _strata(rows, [number for number in range(len(rows)) if number not in kept], alike)
    singles: list[Bundle] = []
    for tool, groups in sorted(strata.items()):
        bundles = _bundles(groups, alike, texts, seed)
        exact = _bundles(groups, same, texts, seed)
        if len(bundles) < len(PARTS) and len(exact) > len(bundles):
            bundles = exact
            near.add(tool)
        if len(bundles) == 1:
            singles += bundles
        else:
            _deal(bundles, shares, f"{seed}:{tool}", parts)
    _deal(singles, shares, f"{seed}", parts)
    return Parted(tuple(parts), tuple(sorted(near)))


def _kept(
    rows: Sequence[Row], must: Collection[int], same: Sequence[int], alike: Sequence[int], most: float
) -> tuple[set[int], set[str]]:
    """The numbers of the rows that stay with those that must be cases, and the tools of those that are too many for it:
    where more than `most` rows are asked nearly like one, only those that are asked the very same stay with it."""
    sizes = Counter(alike)
    whole = {alike[number] for number in must if sizes[alike[number]] <= most}
    part = {same[number] for number in must if alike[number] not in whole}
    kept = {number for number in range(len(rows)) if alike[number] in whole or same[number] in part}
    return kept, {tool for number in must if alike[number] not in whole for tool in tools_of(rows[number])}


def asked(row: Row) -> str:
    """All that the user says in a row, as it is compared."""
    return normal("\n".join(str(m.get("content") or "") for m in row.messages if m["role"] == "user"))


def tools_of(row: Row) -> tuple[str, ...]:
    """The tools that a row teaches to call, each once; NO_CALL alone if there is none."""
    learned = [m for m in row.messages if m["role"] == "assistant" and m.get("weight", 1)]
    names = [call["function"]["name"] for message in learned for call in message.get("tool_calls") or ()]
    return tuple(dict.fromkeys(names)) or (NO_CALL,)


def _same(rows: Sequence[Row], texts: Sequence[str]) -> list[int]:
    """Groups of the rows that ask the very same, or whose last request another one answers alike on its way."""
    groups = Groups(len(rows))
    by_text: dict[str, int] = {}
    by_turn: dict[str, int] = {}
    for number, (row, text) in enumerate(zip(rows, texts, strict=True)):
        groups.join(by_text.setdefault(text, number), number)
        if row.messages[-1].get("tool_calls"):
            *_, last = keys_of(row)
            groups.join(by_turn.setdefault(last, number), number)
    for number, row in enumerate(rows):
        for key in keys_of(row):
            if key in by_turn:
                groups.join(by_turn[key], number)
    return groups.numbers()


def _alike(same: Sequence[int], texts: Sequence[str], progress: Callable[[float], None]) -> list[int]:
    """Those groups, joined where they ask nearly the same."""
    first: dict[str, int] = {}
    for number, text in enumerate(texts):
        first.setdefault(text, number)
    numbers = list(first.values())
    groups = Groups(len(texts))
    for number, other in enumerate(same):
        groups.join(number, other)
    for place, group in enumerate(near_groups(list(first), progress)):
        groups.join(numbers[place], numbers[group])
    return groups.numbers()


def _strata(rows: Sequence[Row], numbers: Iterable[int], alike: Sequence[int]) -> dict[str, list[int]]:
    """The rows by tool; a group that calls several tools counts for the one that the fewest groups call."""
    members: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        members[alike[number]].append(number)
    called = {group: {name for n in inside for name in tools_of(rows[n])} for group, inside in members.items()}
    often = Counter(name for names in called.values() for name in names)
    strata: dict[str, list[int]] = defaultdict(list)
    for group, inside in members.items():
        strata[min(called[group], key=lambda name: (name == NO_CALL, often[name], name))] += inside
    return strata


def _bundles(numbers: Sequence[int], groups: Sequence[int], texts: Sequence[str], seed: int) -> list[Bundle]:
    """The rows as bundles in their order.

    A bundle is placed by the one of its texts whose hash is smallest, so that a further text hardly ever moves it.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        members[groups[number]].append(number)
    found = []
    for inside in members.values():
        name = min({texts[n] for n in inside}, key=lambda text: (_hash(f"name:{seed}:{text}"), text))
        found.append(Bundle(tuple(inside), _hash(f"place:{seed}:{name}")))
    return sorted(found, key=lambda bundle: bundle.place)


def _deal(bundles: Sequence[Bundle], shares: Shares, seed: str, parts: list[int]) -> None:
    """Write into `parts` which bundle is in which; each wanted part gets one where there are enough.

    A bundle that is larger than a whole part is trained on, as long as others are left.
    """
    wanted = [part for part in range(len(PARTS)) if shares[part]]
    bundles = sorted(bundles, key=lambda bundle: bundle.place)
    dealt = [TRAIN] * len(bundles)
    if len(wanted) > 1 and len(bundles) == 2 and len(wanted) == len(PARTS):
        dealt[1] = EXAMPLES if _hash(f"second:{seed}") * (100 - shares[TRAIN]) < shares[EXAMPLES] else CASES
    elif len(bundles) >= len(wanted) > 1:
        large = _large(bundles, min(shares[part] for part in wanted), len(wanted) - 1)
        rest = [number for number in range(len(bundles)) if number not in large]
        sizes = [len(bundles[number].rows) for number in rest]
        for number, part in zip(rest, _cut(sizes, sum(len(b.rows) for b in bundles), shares, not large), strict=True):
            dealt[number] = part
    for bundle, part in zip(bundles, dealt, strict=True):
        for number in bundle.rows:
            parts[number] = part


def _large(bundles: Sequence[Bundle], share: int, others: int) -> set[int]:
    """The bundles with more rows than the smallest part is to have; so many others are left."""
    limit = max(1.0, share * sum(len(bundle.rows) for bundle in bundles) / 100)
    by_size = sorted(range(len(bundles)), key=lambda n: (-len(bundles[n].rows), bundles[n].place))
    return {number for number in by_size[: len(bundles) - others] if len(bundles[number].rows) > limit}


def _cut(sizes: Sequence[int], rows: int, shares: Shares, train: bool) -> list[int]:
    """The part of each bundle of these sizes in their order, of `rows` rows with those that are trained on already.

    `train` says whether one of them at least has to be trained on. A bundle belongs where its middle lies.
    """
    left = sum(sizes)
    first = max(0.0, shares[TRAIN] * rows / 100 - (rows - left))
    held = shares[EXAMPLES] + shares[CASES]
    second = first + (left - first) * shares[EXAMPLES] / held
    middles = [sum(sizes[:number]) + size / 2 for number, size in enumerate(sizes)]
    examples, cases = bool(shares[EXAMPLES]), bool(shares[CASES])
    one = sum(middle < first for middle in middles)
    one = min(max(one, int(train)), len(sizes) - examples - cases)
    two = sum(middle < second for middle in middles)
    two = min(max(two, one + examples), len(sizes) - cases) if examples and cases else (len(sizes) if examples else one)
    return [TRAIN] * one + [EXAMPLES] * (two - one) + [CASES] * (len(sizes) - two)


def _hash(text: str) -> float:
    """A number from 0 to 1 that the text alone decides."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
