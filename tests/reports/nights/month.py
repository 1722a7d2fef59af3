"""A month of scripted nights: an adapter whose replies hardly ever change by chance, and what is planted in it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fixtures.catalogs import load_catalog
from fixtures.errors import UserError
from reports.nights.night import Tools
from reports.nights.settings import Entry, Nightly
from suite.anchored import Anchor, draw_anchors
from suite.exam.own import OwnCases
from suite.exam.scene import Scene
from suite.outcome import Results
from tests.reports.sample import FAILING

CATALOGS = ("hotel_lights", "hotel_rooms")
NIGHTS = tuple(f"2026-11-{day:02}" for day in range(1, 31))


def settings(folder: Path, **changes: object) -> Nightly:
    """One adapter on two catalogs."""
    (folder / "adapter").mkdir(parents=True, exist_ok=True)
    entry = Entry("hotel", str(folder / "adapter"), catalog=CATALOGS, made_up=0)
    return replace(Nightly((entry,), folder / "nights", anchors=50), **changes)  # type: ignore[arg-type]


@dataclass
class Scripted:
    """What answers on the night that is `tonight`: seldom by chance otherwise than usual; where `worse` says so of a
    night and an anchor, half of the cases break for good. `adapter` and `libraries` say what answers on a night."""

    worse: Callable[[str, Anchor], bool] = lambda night, anchor: False
    adapter: Callable[[str], str] = lambda night: "a" * 16
    libraries: Callable[[str], Mapping[str, str]] = lambda night: {"torch": "2.13.0"}
    gap: Callable[[str], bool] = lambda night: False
    flips: float = 0.005
    tonight: str = NIGHTS[0]
    gated: list[str] = field(default_factory=list)

    @property
    def tools(self) -> Tools:
        return Tools(self.gate, self.draw, self.ask, lambda entry: Path(entry.adapter))

    def gate(self, entry: Entry, seed: int, cache: Path) -> Results:
        self.gated.append(self.tonight)
        if self.gap(self.tonight):
            raise UserError(entry.adapter, "there is no such adapter", hint="train one")
        plain = FAILING
        identity = replace(plain.identity, adapter_digest=self.adapter(self.tonight))
        catalogs = {name: load_catalog(name).digest for name in CATALOGS}
        return replace(plain, identity=identity, libraries=dict(self.libraries(self.tonight)), catalogs=catalogs)

    def draw(self, entry: Entry, count: int, seed: int) -> Sequence[Anchor]:
        return draw_anchors(Scene.on(CATALOGS, 0), OwnCases(), seed, count)

    def ask(self, entry: Entry, anchors: Sequence[Anchor], cache: Path) -> Mapping[str, bool]:
        earlier = "adapters" in Path(entry.adapter).parts
        return {anchor.name: self.kept(anchor, earlier=earlier) for anchor in anchors}

    def kept(self, anchor: Anchor, *, earlier: bool) -> bool:
        usual = random.Random(anchor.name).random()
        broken = not earlier and self.worse(self.tonight, anchor) and usual < 0.5
        chance = random.Random(f"{self.tonight} {anchor.name} {earlier}").random() < self.flips
        return (usual < 0.92 and not broken) != chance
