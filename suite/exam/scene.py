"""What cases are drawn from: the catalogs under test, the words of the exam, and how often catalogs are made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fixtures.catalogs import SpokenCatalog, load_catalog
from fixtures.catalogs.asking import askable
from fixtures.formats import Format, load_format
from fixtures.grammar.tools import SpokenTool, draw_catalog
from fixtures.types import Case, Catalog, Policy, Tool
from fixtures.vocab import Chooser, Split, Words, words
from suite.exam.examples import Examples, read_examples
from suite.settings import MADE_UP

DEFAULT_CATALOGS = ("hotel_rooms", "hotel_lights", "hotel_climate")
LARGE = 30_000
"""Letters of all declarations of a catalog from which on its cases are kept short."""
MOST_LETTERS = 4_000
"""Of the declarations of one case on a large catalog: what six tools of a usual one come to."""
MOST_BESIDE = 2
"""Tools that are declared in a case though nobody can ask for them."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The tools of one case and how people speak of them; `beside` has others by their place, never asked for."""

    tools: tuple[SpokenTool, ...]
    name: str
    policy: Policy = "abstain"
    priority: tuple[str, ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)
    beside: tuple[tuple[int, Tool], ...] = ()
    idle: tuple[str, ...] = ()
    """Requests of people's own that none of the catalog's tools serves."""

    @property
    def removable(self) -> list[SpokenTool]:
        """The tools that a case may leave undeclared: all but the one for what no other serves."""
        kept = self.catalog().fallback
        return [spoken for spoken in self.tools if spoken.tool.name != kept]

    def asked_for(self, chooser: Chooser) -> SpokenTool:
        """One of the tools: those with people's own sentences as often as people ask for them, others all alike."""
        spoken = [one for one in self.tools for _ in one.sentences or (None,)]
        return chooser.choice(spoken)

    def catalog(self, tools: Sequence[SpokenTool] | None = None) -> Catalog:
        """The catalog that declares these tools, by default all."""
        shown = [spoken.tool for spoken in (self.tools if tools is None else tools)]
        for place, tool in self.beside:
            shown.insert(place, tool)
        return Catalog(self.name, tuple(shown), self.policy, self.priority, self.cost)


@dataclass(frozen=True, slots=True)
class Scene:
    """The stated distribution of the exam: cases on given catalogs, and by default half on catalogs nobody wrote."""

    catalogs: tuple[SpokenCatalog, ...]
    words: Words = field(default_factory=lambda: words("gate"))
    made_up_percent: int = MADE_UP
    largest: int = 6
    examples: Examples = field(default_factory=Examples)

    @classmethod
    def on(
        cls,
        names: Sequence[str] = (),
        made_up: int = MADE_UP,
        split: Split = "gate",
        *,
        form: Format | None = None,
        leave_out_unaskable: bool = False,
        examples: Sequence[str] = (),
    ) -> Scene:
        """The scene on these catalogs, shipped ones or files, by default on those of the hotel; UserError for bad ones.

        The words are those of the exam, or of another split, of which the exam has none. Tools that cannot be asked
        for, or not be declared in `form` (by default FunctionGemma's), are told of all at once, or left out. `examples`
        are files of rows in whose words tools are asked for; rows that bring tools make catalogs too.
        """
        form = form or load_format("functiongemma")
        named = names if examples else names or DEFAULT_CATALOGS
        loaded: Sequence[SpokenCatalog] = [load_catalog(name) for name in named]
        read = read_examples(examples, loaded, form) if examples else Examples()
        given = askable(read.catalogs or loaded, form, leave_out=leave_out_unaskable)
        return cls(given, words(split), made_up, examples=read)

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
        tools = _short([left.pop(chooser.integer(0, len(left) - 1)) for _ in range(size)], given, smallest)
        for fallback in (spoken for spoken in left if spoken.tool.name == given.catalog.fallback):
            tools.insert(chooser.integer(0, size), fallback)
        beside = _beside(given, len(tools), chooser)
        catalog = given.catalog
        return Stage(tuple(tools), catalog.name, catalog.policy, catalog.priority, beside=beside, idle=given.idle)


def _short(tools: list[SpokenTool], given: SpokenCatalog, smallest: int) -> list[SpokenTool]:
    """As many of the tools as a case may show, at least the smallest number; of a usual catalog all."""
    if sum(given.letters.values()) < LARGE:
        return tools
    kept: list[SpokenTool] = []
    letters = 0
    for spoken in tools:
        letters += given.letters[spoken.tool.name]
        if letters > MOST_LETTERS and len(kept) >= smallest:
            break
        kept.append(spoken)
    return kept


def _beside(given: SpokenCatalog, size: int, chooser: Chooser) -> tuple[tuple[int, Tool], ...]:
    """A few of the tools that nobody can ask for, at any place, and always the one for what no other serves."""
    left = given.mute
    if not left:
        return ()
    chosen = [tool for tool in left if tool.name == given.catalog.fallback]
    left = [tool for tool in left if tool not in chosen and given.letters.get(tool.name, 0) <= MOST_LETTERS]
    for _ in range(chooser.integer(0, min(MOST_BESIDE, len(left)))):
        chosen.append(left.pop(chooser.integer(0, len(left) - 1)))
    return tuple((chooser.integer(0, size), tool) for tool in chosen)
