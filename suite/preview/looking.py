"""What a gate would ask, before anybody pays for it: sample requests with their right calls, where their words come
from, and what is never asked.

No model is loaded, and nothing is answered; the requests are drawn as those of the gate are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fixtures.catalogs import SpokenCatalog, Unaskable
from fixtures.choosing import SeededChooser
from fixtures.formats import Format
from fixtures.grammar.requests import Asked, ask
from fixtures.grammar.tools import Language, SpokenTool
from fixtures.sentences.sentence import Sentence
from fixtures.sentences.unsaid import unjudged
from fixtures.vocab import Words
from suite.exam.own import OwnCases
from suite.exam.scene import Scene
from suite.exam.tools import never_asked
from suite.gating import Drawn
from suite.lanes.languages import example_report
from suite.settings import Settings
from suite.user_rows import ExampleReport


@dataclass(frozen=True, slots=True)
class Sample:
    """A request as the gate may ask it, and its right call; of people's own also the sentence with its slots."""

    asked: Asked
    sentence: str = ""

    @property
    def unjudged(self) -> list[str]:
        """The arguments that are not judged, because nobody says them."""
        return unjudged([self.asked.wanted] if self.asked.wanted else [])


@dataclass(frozen=True, slots=True)
class ToolPreview:
    """How one tool is asked for: where the words come from, its phrases or sentences, and sample requests.

    `slotted` of the sentences are said with other values too, and `unsaid` counts those in which an argument is not
    judged, by argument. `share` is how much of the requests on its whole catalog are for it, from 0 to 1.
    """

    tool: str
    language: Language
    phrases: tuple[str, ...]
    samples: tuple[Sample, ...]
    sentences: int = 0
    slotted: int = 0
    unsaid: Mapping[str, int] | None = None
    share: float = 0.0


@dataclass(frozen=True, slots=True)
class CatalogPreview:
    """What a gate asks of one catalog, and what it never asks and why; `idle` requests ask for no tool of it."""

    catalog: str
    tools: tuple[ToolPreview, ...]
    never: tuple[Unaskable, ...]
    notes: tuple[str, ...]
    idle: int = 0


@dataclass(frozen=True, slots=True)
class Preview:
    """The exam of these settings: its catalogs, and what became of the user's own rows."""

    settings: Settings
    catalogs: tuple[CatalogPreview, ...]
    examples: ExampleReport | None
    own: OwnCases


def preview(settings: Settings, form: Format, *, number: int = 3, seed: int = 0) -> Preview:
    """`number` requests for each tool of what a gate by these settings draws from; UserError for bad files.

    Tools that the gate would refuse to leave out are told like those that it leaves out.
    """
    read = replace(Drawn.of(settings), leave_out_unaskable=True).read(form)
    found = tuple(_of_catalog(one, read.scene, number, seed) for one in read.scene.catalogs)
    return Preview(settings, found, example_report(read.scene, (), ""), read.own)


def _of_catalog(spoken: SpokenCatalog, scene: Scene, number: int, seed: int) -> CatalogPreview:
    whole = sum(len(one.sentences) or 1 for one in spoken.spoken)
    tools = tuple(_of_tool(one, scene.words, number, seed, whole) for one in spoken.spoken)
    name = spoken.source or spoken.catalog.name
    return CatalogPreview(name, tools, never_asked(spoken), spoken.read_as, len(spoken.idle))


def _of_tool(spoken: SpokenTool, words: Words, number: int, seed: int, whole: int) -> ToolPreview:
    chooser = SeededChooser(f"preview:{seed}:{spoken.tool.name}")
    samples = tuple(_samples(spoken, words, number, chooser))
    unsaid = Counter(name for one in spoken.sentences for name in unjudged([one.wanted]))
    return ToolPreview(
        spoken.tool.name, spoken.language, spoken.actions, samples,
        sentences=len(spoken.sentences), slotted=sum(bool(one.slots) for one in spoken.sentences),
        unsaid=dict(unsaid.most_common()), share=(len(spoken.sentences) or 1) / whole,
    )  # fmt: skip


def _samples(spoken: SpokenTool, words: Words, number: int, chooser: SeededChooser) -> list[Sample]:
    """Of people's own sentences each once, before any comes again with other values."""
    left: list[Sentence] = []
    found = []
    for _ in range(number):
        if spoken.sentences and not left:
            left = list(spoken.sentences)
        if not left:
            found.append(Sample(ask(spoken, words, chooser)))
            continue
        sentence = left.pop(chooser.integer(0, len(left) - 1))
        asked = ask(replace(spoken, sentences=(sentence,)), words, chooser)
        found.append(Sample(asked, pattern(sentence)))
    return found


def pattern(sentence: Sentence) -> str:
    """The sentence with its slots: `Dim the {zone} to {level}%`."""
    places = sorted((place.start, place.end, slot.pointer) for slot in sentence.slots for place in slot.places)
    text, at = "", 0
    for start, end, pointer in places:
        text += f"{sentence.text[at:start]}{{{pointer.removeprefix('/')}}}"
        at = end
    return text + sentence.text[at:]


def counted(tools: Sequence[ToolPreview]) -> Counter[str]:
    """How many of the tools are asked for by each language."""
    return Counter(tool.language for tool in tools)
