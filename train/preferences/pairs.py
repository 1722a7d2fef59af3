"""Preference pairs: a right answer with calibrated confidence beside a wrong one, each pair labelled with its fault.

A line is TRL's conversational form: `prompt`, `chosen` and `rejected` are messages, beside them `tools` and `kind`.
What no chat template writes (broken syntax, an adapter's own failure) is a `rejected` message with the key `wire`: by
the name of the format, the very text with its stop token.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fixtures.answers import CONFIDENCE
from fixtures.catalogs import HOTEL, SpokenCatalog, load_catalog
from fixtures.choosing import SeededChooser
from fixtures.datasets.rows import case_of
from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.grounding import leaves
from fixtures.rows.reading import Row
from fixtures.types import Case
from suite.reply import Reply
from train.preferences.judging import broken, written
from train.preferences.negatives import WAYS, Subject, Surroundings

OWN_FAILURE = "own_failure"
"""The kind of a pair that rejects what an adapter has really said."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A row, whose answer is chosen, and the answer that is rejected: a message, perhaps with `wire`."""

    row: Row
    rejected: Mapping[str, Any]
    kind: str

    def as_json(self) -> dict[str, Any]:
        """The pair as a line of a file."""
        *prompt, chosen = self.row.messages
        return {
            "prompt": prompt, "chosen": [chosen], "rejected": [self.rejected], "tools": list(self.row.tools),
            "kind": self.kind,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Built:
    """Pairs, and why some rows gave none: how many break which contract by their own answer."""

    pairs: tuple[Pair, ...]
    unfit: Mapping[str, int]


def digest(pairs: Iterable[Pair]) -> str:
    """A content hash of the pairs in their order."""
    hasher = hashlib.sha256()
    for pair in pairs:
        hasher.update(json.dumps(pair.as_json(), sort_keys=True, ensure_ascii=False).encode() + b"\n")
    return hasher.hexdigest()


def case_of_row(row: Row) -> Case:
    """What the row asks for, with its answer as the oracle."""
    return case_of({"messages": row.messages, "tools": row.tools, "kind": row.kind})


def wire_of(row: Row, answer: Mapping[str, Any], form: Format) -> str:
    """An answer to the row's conversation as it stands on the wire, stop token included.

    Raises UserError for what the format cannot write, and for a text that was written for another one.
    """
    if "wire" in answer:
        texts = answer["wire"]
        if not isinstance(texts, Mapping) or not isinstance(texts.get(form.name), str):
            raise UserError("/rejected/0/wire", f"there is no text for the format {form.name}")
        return str(texts[form.name])
    plain = {key: value for key, value in answer.items() if key != "weight"}
    rendered = form.render((*row.messages[:-1], plain), row.tools)
    if not rendered.answers:
        raise UserError(
            f"message {len(row.messages) - 1}", f"the format {form.name} writes no answer that can be found"
        )
    start, end = rendered.answers[-1]
    return rendered.text[start:end]


def surroundings(rows: Sequence[Row], catalogs: Sequence[SpokenCatalog]) -> Surroundings:
    """What wrong answers to these rows are made of."""
    cases = [case_of_row(row) for row in rows]
    tools = {tool.name: tool for case in cases for tool in case.catalog.tools}
    texts: dict[str, dict[str, None]] = defaultdict(dict)
    for case in cases:
        for call in case.oracle.calls or ():
            for pointer, value, _ in leaves(call.arguments, tools[call.name].parameters if call.name in tools else {}):
                if isinstance(value, str):
                    texts[pointer.rpartition("/")[2]][value] = None
    shared = [each for catalog in catalogs for each in catalog.shared]
    return Surroundings(tools, {name: tuple(values) for name, values in texts.items()}, shared)


def shared_catalogs(tools: str | None = None) -> list[SpokenCatalog]:
    """The catalogs whose shared phrases say which tools are rivals: the shipped ones of the hotel, and a given one."""
    return [load_catalog(name) for name in (*HOTEL, *([tools] if tools else []))]


def build_pairs(
    rows: Sequence[Row], form: Format, catalogs: Sequence[SpokenCatalog], *, seed: int, per_row: int
) -> Built:
    """Up to `per_row` pairs a row, the kinds as even as the rows allow; decided by rows, format and seed alone.

    Every pair is proven by the contracts: what is chosen keeps them all, and what is rejected breaks one, or differs
    from the chosen answer in nothing but a confidence that is far too low.
    """
    around = surroundings(rows, catalogs)
    used: Counter[str] = Counter()
    unfit: Counter[str] = Counter()
    pairs: list[Pair] = []
    for number, row in enumerate(rows):
        chooser = SeededChooser(f"pairs:{seed}:{number}")
        row = _calibrated(row, form)
        subject = Subject(case_of_row(row), row.messages[-1], wire_of(row, row.messages[-1], form), form, around)
        faults = broken(subject.case, written(subject.wire, form, row.tools))
        unfit.update(faults)
        if not faults:
            pairs += _of_row(row, subject, chooser, used, per_row)
    return Built(tuple(pairs), unfit)


def _of_row(row: Row, subject: Subject, chooser: SeededChooser, used: Counter[str], per_row: int) -> list[Pair]:
    """The row's pairs of the kinds that were used least so far; `used` counts them."""
    shuffled = sorted(WAYS, key=lambda _: chooser.random.random())
    found: list[Pair] = []
    for kind in sorted(shuffled, key=lambda kind: used[kind]):
        if len(found) == per_row:
            break
        rejected = WAYS[kind](subject, chooser)
        if rejected is not None and is_wrong(subject, row, rejected):
            found.append(Pair(row, rejected, kind))
            used[kind] += 1
    return found


def is_wrong(subject: Subject, row: Row, rejected: Mapping[str, Any]) -> bool:
    """Whether the answer breaks a contract, or is the right one with less confidence, in a format that states it."""
    try:
        wire = wire_of(row, rejected, subject.form)
    except UserError:
        return False  # the format cannot write it, so no model that speaks it can say it
    reply = written(wire, subject.form, row.tools)
    if broken(subject.case, reply):
        return True
    sure, doubtful = subject.read(subject.wire).confidence, reply.parsed.confidence
    return sure is not None and doubtful is not None and doubtful < sure


def own_failures(rows: Sequence[Row], replies: Sequence[Sequence[Reply]], form: Format) -> tuple[Pair, ...]:
    """A pair for each different reply that breaks a contract; one that never ended has no place in a pair."""
    pairs = []
    for row, given in zip(rows, replies, strict=True):
        row = _calibrated(row, form)
        case = case_of_row(row)
        chosen = wire_of(row, row.messages[-1], form)
        if broken(case, written(chosen, form, row.tools)):
            continue
        ended = {reply.raw: reply for reply in given if ends_once(reply.raw, form)}
        pairs += [
            Pair(row, {"role": "assistant", "content": "", "wire": {form.name: text}}, OWN_FAILURE)
            for text, reply in ended.items()
            if broken(case, reply)
        ]
    return tuple(pairs)


def ends_once(wire: str, form: Format) -> bool:
    """Whether the text ends with one of the format's stop tokens, and holds no other one."""
    return wire.endswith(form.stops) and sum(wire.count(stop) for stop in form.stops) == 1


def _calibrated(row: Row, form: Format) -> Row:
    """The row with the confidence that its kind deserves, where the format states one and the row does not."""
    *before, last = row.messages
    if not form.verbalises_confidence or "confidence" in last:
        return row
    kind = row.kind if row.kind in CONFIDENCE else "clear" if last.get("tool_calls") else "nothing"
    return Row(row.line, (*before, {**last, "confidence": CONFIDENCE[kind]}), row.tools, row.kind, row.rejected)
