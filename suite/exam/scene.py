"""What cases are drawn from: the catalogs under test, the words of the exam, and how often catalogs are made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fixtures.catalogs import SpokenCatalog, load_catalog
from fixtures.grammar.tools import SpokenTool, draw_catalog
from fixtures.types import Case, Catalog, Policy
from fixtures.vocab import Chooser, Split, Words, words
from suite.settings import MADE_UP

DEFAULT_CATALOGS = ("hotel_rooms", "hotel_lights", "hotel_climate")


@dataclass(frozen=True, slots=True)
class Stage:
    """The tools of one case and how people speak of them."""

    tools: tuple[SpokenTool, ...]
    name: str
    policy: Policy = "abstain"
    priority: tuple[str, ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)

    @property
    def removable(self) -> list[SpokenTool]:
        """The tools that a case may leave undeclared: all but the one for what no other serves."""
        kept = self.catalog().fallback
        return [spoken for spoken in self.tools if spoken.tool.name != kept]

    def catalog(self, tools: Sequence[SpokenTool] | None = None) -> Catalog:
        """The catalog that declares these tools, by default all."""
        shown = self.tools if tools is None else tools
        return Catalog(self.name, tuple(spoken.tool for spoken in shown), self.policy, self.priority, self.cost)


@dataclass(frozen=True, slots=True)
class Scene:
    """The stated distribution of the exam: cases on given catalogs, and by default half on catalogs nobody wrote."""

    catalogs: tuple[SpokenCatalog, ...]
    words: Words = field(default_factory=lambda: words("gate"))
    made_up_percent: int = MADE_UP
    largest: int = 6

    @classmethod
    def on(cls, names: Sequence[str] = (), made_up: int = MADE_UP, split: Split = "gate") -> Scene:
        """The scene on these catalogs, shipped ones or files, by default on those of the hotel; UserError for bad ones.

        The words are those of the exam, or of another split, of which the exam has none.
        """
        return cls(tuple(load_catalog(name) for name in names or DEFAULT_CATALOGS), words(split), made_up)

    def of(self, cases: Sequence[Case]) -> list[Case]:
        """Those of the cases that belong to this exam: where nothing is made up, only those on the given catalogs."""
        given = {spoken.catalog.name for spoken in self.catalogs}
        return [case for case in cases if self.made_up_percent or case.catalog.name in given]

    def stage(self, chooser: Chooser, *, smallest: int = 1) -> Stage:
        """Tools for one case: a shuffled part of a given catalog, always with its fallback, or freshly drawn ones."""
        if not self.catalogs or chooser.chance(self.made_up_percent):
            size = chooser.integer(smallest, max(smallest, self.largest))
            return Stage(tuple(draw_catalog(self.words, chooser, size)), "drawn")
        given = chooser.choice(self.catalogs)
        left = list(given.spoken)
        size = chooser.integer(min(smallest, len(left)), min(self.largest, len(left)))
        tools = [left.pop(chooser.integer(0, len(left) - 1)) for _ in range(size)]
        for fallback in (spoken for spoken in left if spoken.tool.name == given.catalog.fallback):
            tools.insert(chooser.integer(0, size), fallback)
        return Stage(tuple(tools), given.catalog.name, given.catalog.policy, given.catalog.priority)
