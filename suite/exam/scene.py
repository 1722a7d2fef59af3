"""What cases are drawn from: the catalogs under test, the words of the exam, and how often catalogs are made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from fixtures.catalogs import SpokenCatalog, load_catalog
from fixtures.catalogs.asking import askable
from fixtures.choosing import SeededChooser
from fixtures.formats import Format, load_format
from fixtures.grammar.tools import SpokenTool, draw_catalog
from fixtures.types import Case, Catalog, Policy, Tool
from fixtures.vocab import Chooser, Split, Words, words
from suite.exam.examples import Examples, read_examples
from suite.settings import AS_DEPLOYED, MADE_UP

DEFAULT_CATALOGS = ("hotel_rooms", "hotel_lights", "hotel_climate")
LARGE = 30_000
"""Letters of all declarations of a catalog from which on its cases are kept short."""
MOST_LETTERS = 4_000
"""Of the declarations of one case on a large catalog: what six tools of a usual one come to."""
MOST_BESIDE = 2
"""Tools that are declared in a case though nobody can ask for them."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The tools of one case and how people speak of them; `beside` has others by their place, never asked for.

    With an `order`, tools are declared in it, whichever of them are.
    """

    tools: tuple[SpokenTool, ...]
    name: str
    policy: Policy = "abstain"
    priority: tuple[str, ...] = ()
    cost: Mapping[str, float] = field(default_factory=dict)
    beside: tuple[tuple[int, Tool], ...] = ()
    order: tuple[str, ...] = ()
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
        if self.order:
            shown.sort(key=lambda tool: self.order.index(tool.name))
        return Catalog(self.name, tuple(shown), self.policy, self.priority, self.cost)


@dataclass(slots=True)
class Shared:
    """The stage that the contracts of one draw share: the first stage that a case takes is this one."""

    seed: str
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """The stated distribution of the exam: cases on given catalogs, and by default half on catalogs nobody wrote.

    Of those on a given catalog, `as_deployed_percent` declare all its tools in the file's order, unless it is large;
    the others a shuffled part.
    """

    catalogs: tuple[SpokenCatalog, ...]
    words: Words = field(default_factory=lambda: words("gate"))
    made_up_percent: int = MADE_UP
    largest: int = 6
    as_deployed_percent: int = AS_DEPLOYED
    shares: bool = True
    """Whether the cases of one number stand on one stage, whatever contract draws them."""
    shared: Shared | None = None
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
        as_deployed: int = AS_DEPLOYED,
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
        return cls(given, words(split), made_up, as_deployed_percent=as_deployed, examples=read)

    def without_examples(self, form: Format) -> Scene:
        """The same catalogs without people's own sentences, for what is trained on: who learned those of the exam has
        seen it. Tools that only sentences ask for stay silent; UserError if no other is left."""
        if not self.examples.rows:
            return self
        return replace(self, catalogs=askable(self.examples.plain, form, leave_out=True), examples=Examples())

    def numbered(self, seed: int, number: int) -> Scene:
        """The scene of the cases of this number: each case drawn in it needs one of its own.

        Different numbers are independent of each other, and so are the cases of one contract. Those of one number begin
        alike, whatever contract draws them, and an engine reads such a beginning once.
        """
        return replace(self, shared=Shared(f"stage:{seed}:{number}")) if self.shares else self

    def of(self, cases: Sequence[Case]) -> list[Case]:
        """Those of the cases that belong to this exam: where nothing is made up, only those on the given catalogs."""
        given = {spoken.catalog.name for spoken in self.catalogs}
        return [case for case in cases if self.made_up_percent or case.catalog.name in given]

    def stage(self, chooser: Chooser, *, smallest: int = 1) -> Stage:
        """Tools for one case: a given catalog as it stands, a shuffled part of it with its fallback, or drawn ones.

        What needs more tools than the shared stage has, or a second stage, takes one of its own.
        """
        if self.shared and not self.shared.taken:
            self.shared.taken = True
            stage = self._stage(SeededChooser(self.shared.seed), 1)
            if len(stage.tools) >= smallest:
                return stage
        return self._stage(chooser, smallest)

    def _stage(self, chooser: Chooser, smallest: int) -> Stage:
        if not self.catalogs or chooser.chance(self.made_up_percent):
            size = chooser.integer(smallest, max(smallest, self.largest))
            return Stage(tuple(draw_catalog(self.words, chooser, size)), "drawn")
        given = chooser.choice(self.catalogs)
        if not is_large(given) and chooser.chance(self.as_deployed_percent):
            return as_it_stands(given)
        left = list(given.spoken)
        size = chooser.integer(min(smallest, len(left)), min(self.largest, len(left)))
        tools = _short([left.pop(chooser.integer(0, len(left) - 1)) for _ in range(size)], given, smallest)
        for fallback in (spoken for spoken in left if spoken.tool.name == given.catalog.fallback):
            tools.insert(chooser.integer(0, size), fallback)
        beside = _beside(given, len(tools), chooser)
        catalog = given.catalog
        return Stage(tuple(tools), catalog.name, catalog.policy, catalog.priority, beside=beside, idle=given.idle)


def is_large(given: SpokenCatalog) -> bool:
    """Whether the catalog is too long to be declared as a whole in every second case."""
    return sum(given.letters.values()) >= LARGE


def as_it_stands(given: SpokenCatalog) -> Stage:
    """All tools of the catalog, in the file's order; those that nobody can ask for are declared too."""
    spoken, order = {one.tool.name for one in given.spoken}, given.catalog.names
    beside = tuple((place, tool) for place, tool in enumerate(given.catalog.tools) if tool.name not in spoken)
    catalog = given.catalog
    return Stage(
        given.spoken, catalog.name, catalog.policy, catalog.priority, beside=beside, order=order, idle=given.idle
    )


def _short(tools: list[SpokenTool], given: SpokenCatalog, smallest: int) -> list[SpokenTool]:
    """As many of the tools as a case may show, at least the smallest number; of a usual catalog all."""
    if not is_large(given):
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
