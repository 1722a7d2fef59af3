"""The anchor sample: cases that are drawn once and asked again every night, so that nights can be compared in pairs.

A night's fresh draws tell how good an adapter is; that they moved may be the draw. Anchors are always the same cases,
kept as they were drawn, so whatever moves there is not the draw. Nothing here decides a verdict.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fixtures.choosing import SeededChooser
from fixtures.types import Case
from suite.contracts import CONTRACTS
from suite.engine import Engine
from suite.exam.own import OwnCases
from suite.exam.parts import parts_of
from suite.exam.scene import Scene
from suite.judging.contract import Contract
from suite.lanes.asking import MAX_NEW_TOKENS, Asker, Progress
from suite.outcome import Broken, Held, NoWorse
from suite.results.cases import case_from_json, case_to_json

ANCHORS = 80
"""Cases of each contract; of own rows, all are asked."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A case that one contract is asked every night; `tags` are those of the user's row that it is, if it is one."""

    contract: str
    case: Case
    tags: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What tells it from all others, whatever run it was drawn in: a hash of the contract and the case."""
        told = json.dumps([self.contract, case_to_json(self.case)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    @property
    def series(self) -> Iterator[str]:
        """The series it counts for: its contract as a whole, and the parts of it that the case belongs to."""
        yield self.contract
        yield from (f"{self.contract}: {part}" for part in parts_of(self.case))
        yield from (f"{self.contract}: tag {tag}" for tag in dict.fromkeys(self.tags))

    def as_json(self) -> dict[str, Any]:
        return {"contract": self.contract, "case": case_to_json(self.case), "tags": list(self.tags)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Anchor:
        """KeyError or TypeError for what `as_json` did not make."""
        return cls(document["contract"], case_from_json(document["case"]), tuple(document["tags"]))


def paired(contract: Contract) -> bool:
    """Whether a case of it is kept or broken by its reply alone: not by another reply, nor by the sample as a whole."""
    return contract.beside == "variant" and contract.summarise is None and not isinstance(contract.bar, NoWorse)


def draw_anchors(
    scene: Scene, own: OwnCases, seed: int, count: int = ANCHORS, contracts: Sequence[Contract] = CONTRACTS
) -> tuple[Anchor, ...]:
    """`count` cases for each contract whose cases can be paired, decided by scene and seed; and all of the own rows."""
    drawn = [
        Anchor(contract.name, contract.draw(scene, SeededChooser(f"anchor:{seed}:{contract.draw.__name__}:{number}")))
        for contract in contracts
        if paired(contract) and not contract.rows
        for number in range(count)
    ]
    for contract in contracts:
        if contract.rows:
            rows = own.must if contract.rows == "must" else tuple(one for one in own.rows if not one.must)
            drawn += [Anchor(contract.name, one.case, one.tags) for one in rows]
    return tuple({anchor.name: anchor for anchor in drawn}.values())


def ask_anchors(
    engine: Engine,
    anchors: Sequence[Anchor],
    contracts: Sequence[Contract] = CONTRACTS,
    progress: Progress | None = None,
) -> dict[str, bool]:
    """Whether each anchor is kept, by its name; those of which a contract says nothing are left out."""
    known = {contract.name: contract for contract in contracts}
    asked = [anchor for anchor in anchors if anchor.contract in known]
    replies = Asker(engine, max_new_tokens=MAX_NEW_TOKENS, progress=progress).ask([a.case for a in asked], "anchors")
    kept = {}
    for anchor, reply in zip(asked, replies, strict=True):
        outcome = known[anchor.contract].judge(anchor.case, reply)
        if isinstance(outcome, Held | Broken):
            kept[anchor.name] = isinstance(outcome, Held)
    return kept
