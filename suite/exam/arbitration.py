"""Requests that more than one declared tool could serve, and requests for two things at once.

What decides is the catalog (its priority, else its cost), or one word: of two tools that do the same to nearly the same
thing, a request says the word that tells them apart, or leaves it out. So the right answer is known by construction,
and where it is left out, so is that nothing decides.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from fixtures.catalogs import SpokenCatalog
from fixtures.grammar.requests import Asked, ask, joined, say
from fixtures.grammar.tools import SpokenTool, draw_catalog, draw_tool
from fixtures.grammar.values import draw_value, spoken_name
from fixtures.grammar.verbs import VERBS
from fixtures.types import Case, Oracle, Tool, ToolCall, Variant, user
from fixtures.vocab import Chooser
from suite.exam.cases import oracle_of
from suite.exam.scene import Scene, Stage

_MOST_DRAWS = 50
_MOST_OTHERS = 3
"""Tools beside the rivals."""


def contested(scene: Scene, chooser: Chooser) -> Case:
    """One of three kinds: the catalog decides, two things are asked for, or one tool is more specific than another."""
    return chooser.choice([decided_by_catalog, two_intents, more_specific])(scene, chooser)


def decided_by_catalog(scene: Scene, chooser: Chooser) -> Case:
    """A phrase that several tools of a given catalog serve alike: its priority decides, or else its cost.

    Catalogs that nobody wrote rank nothing, and without a given one that does, a case of another kind is drawn.
    """
    ranking = [catalog for catalog in scene.catalogs if catalog.decided]
    if not ranking:
        return more_specific(scene, chooser)
    given = chooser.choice(ranking)
    shared, winner = chooser.choice(given.decided)
    stage = _stage_with(given, shared.tools, chooser)
    asked = _ask_shared(stage, winner, shared.phrases, scene, chooser)
    by = "priority" if winner in given.catalog.priority else "cost"
    return Case(
        stage.catalog(), (user(asked.text),), Oracle((asked.call,)), f"decided by {by}", language=asked.language
    )


def two_intents(scene: Scene, chooser: Chooser) -> Case:
    """Two requests in one sentence; the first has no free text, which could not be told from the second."""
    for _ in range(_MOST_DRAWS):
        stage = scene.stage(chooser, smallest=2)
        bounded = [spoken for spoken in stage.tools if all(p.kind != "text" for p in spoken.parameters)]
        if bounded and len(stage.tools) > 1:
            first = chooser.choice(bounded)
            second = chooser.choice([spoken for spoken in stage.tools if spoken is not first])
            asked = [ask(spoken, scene.words, chooser) for spoken in (first, second)]
            text = joined(asked[0].text, asked[1].text, chooser)
            return Case(stage.catalog(), (user(text),), oracle_of(*asked), "two intents", language=asked[0].language)
    return more_specific(scene, chooser)  # every tool of these catalogs takes free text


def more_specific(scene: Scene, chooser: Chooser) -> Case:
    """A general tool beside a specific one: the request says the specific one's extra word, or does not."""
    alike = _draw_alike(scene, chooser, with_general=True)
    catalog, call = alike.stage.catalog(), alike.told.call
    if chooser.chance(50):
        return Case(catalog, (user(alike.told.text),), Oracle((call,)), "the more specific", language="drawn")
    general = Oracle((ToolCall(alike.rival, call.arguments),))
    return Case(catalog, (user(alike.untold),), general, "the more general", language="drawn")


def undecided(scene: Scene, chooser: Chooser) -> Case:
    """A request that two tools serve alike and nothing decides; its variant is a clear one on the same tools.

    Half of them on a given catalog with such phrases, if there is one; else on two tools that differ in one word, which
    the request leaves out and its variant says.
    """
    open_ = [(c, s) for c in scene.catalogs for s in c.shared if c.catalog.preferred(s.tools) is None]
    if open_ and chooser.chance(50):
        given, shared = chooser.choice(open_)
        stage = _stage_with(given, shared.tools, chooser)
        either = chooser.choice(shared.tools)
        clear = ask(_named(stage, either), scene.words, chooser)
        text, language = _ask_shared(stage, either, shared.phrases, scene, chooser).text, "phrases"
    else:
        alike = _draw_alike(scene, chooser, with_general=False)
        stage, clear, text, language = alike.stage, alike.told, alike.untold, "drawn"
    catalog = stage.catalog()
    variant = Variant("a request that one tool serves", Case(catalog, (user(clear.text),), Oracle((clear.call,))))
    return Case(catalog, (user(text),), Oracle(None), "undecided", variant, language)


@dataclass(frozen=True, slots=True)
class Alike:
    """Two tools that one word tells apart (`told` says it, `untold` is the same without), among others."""

    stage: Stage
    told: Asked
    untold: str
    rival: str
    """The tool that `told` is not for."""


def _draw_alike(scene: Scene, chooser: Chooser, *, with_general: bool) -> Alike:
    """Rivals with the same parameters, so that the word is all they differ in; the rival has another word, or none."""
    while True:
        verb, thing = chooser.choice(tuple(VERBS)), scene.words.noun(chooser)
        word, other = scene.words.noun(chooser), scene.words.noun(chooser)
        style = chooser.choice(["snake", "camel", "dotted", "snake"])
        meant = draw_tool(scene.words, chooser, verb, f"{word} {thing}", style)
        drawn = draw_tool(scene.words, chooser, verb, thing if with_general else f"{other} {thing}", style)
        rival = replace(drawn, tool=replace(drawn.tool, parameters=meant.tool.parameters), parameters=meant.parameters)
        told = ask(replace(meant, actions=_saying(f"{word} {thing}", meant)), scene.words, chooser)
        apart = len({word, other, thing}) == 3 and rival.tool.name != meant.tool.name
        text = told.text.casefold()
        if apart and len(re.findall(rf"\b{word}\b", text)) == 1 and other not in text:
            untold = re.sub(rf"\b{word} ", "", told.text)
            others = _others(scene, chooser, taken=(meant.tool, rival.tool), about=(word, other, thing))
            stage = Stage(_shuffled([meant, rival, *others], chooser), "drawn")
            return Alike(stage, told, untold, rival.tool.name)


def _saying(thing: str, spoken: SpokenTool) -> tuple[str, ...]:
    """The tool's phrases with its thing in one piece, of which a word can be taken away."""
    return tuple(action for action in spoken.actions if thing in action)


def _others(scene: Scene, chooser: Chooser, taken: Sequence[Tool], about: Sequence[str]) -> list[SpokenTool]:
    """A few tools more, none of which is about the same things."""
    drawn = draw_catalog(scene.words, chooser, chooser.integer(1, _MOST_OTHERS))
    names = {tool.name for tool in taken}
    return [
        spoken
        for spoken in drawn
        if spoken.tool.name not in names
        and not any(word in f"{spoken_name(spoken.tool.name)} {spoken.tool.description}".casefold() for word in about)
    ]


def _stage_with(given: SpokenCatalog, rivals: Sequence[str], chooser: Chooser) -> Stage:
    """All rivals, the fallback, and some other tools of the catalog, in any order."""
    kept = {*rivals, given.catalog.fallback}
    left = [spoken for spoken in given.spoken if spoken.tool.name not in kept]
    size = chooser.integer(0, min(_MOST_OTHERS, len(left)))
    others = [left.pop(chooser.integer(0, len(left) - 1)) for _ in range(size)]
    tools = [*(spoken for spoken in given.spoken if spoken.tool.name in kept), *others]
    catalog = given.catalog
    beside = tuple((0, tool) for tool in given.mute if tool.name == catalog.fallback)
    return Stage(_shuffled(tools, chooser), catalog.name, catalog.policy, catalog.priority, catalog.cost, beside)


def _ask_shared(stage: Stage, name: str, phrases: Sequence[str], scene: Scene, chooser: Chooser) -> Asked:
    """A shared phrase, and the values that the tool of this name needs."""
    spoken = replace(_named(stage, name), actions=tuple(phrases))
    said = [p for p in spoken.parameters if p.required]
    return say(spoken, said, {p.name: draw_value(p, scene.words, chooser) for p in said}, chooser)


def _named(stage: Stage, name: str) -> SpokenTool:
    return next(spoken for spoken in stage.tools if spoken.tool.name == name)


def _shuffled(tools: Sequence[SpokenTool], chooser: Chooser) -> tuple[SpokenTool, ...]:
    left = list(tools)
    return tuple(left.pop(chooser.integer(0, len(left) - 1)) for _ in range(len(left)))
