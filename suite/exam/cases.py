"""The kinds of cases that contracts ask about. Each draws one case, and knows its right answer by construction."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from fixtures.grammar.requests import Asked, ask, ask_for_hard_values
from fixtures.grammar.tools import SpokenTool, twin_of
from fixtures.grammar.values import HARD_KINDS
from fixtures.types import Absent, Case, Catalog, Message, Oracle, Wanted, assistant, user
from fixtures.vocab import Chooser
from suite.exam.scene import Scene, Stage
from suite.exam.variants import RELATIONS, Unfit, padded

IDLE_PERCENT = 50
"""How often, where nothing is to fit, people's own requests that no tool serves are asked, if there are any."""


def clear(scene: Scene, chooser: Chooser) -> Case:
    """One request that exactly one declared tool serves."""
    stage = scene.stage(chooser)
    asked = ask(stage.asked_for(chooser), scene.words, chooser)
    return _case(stage, asked)


def stressed(scene: Scene, chooser: Chooser) -> Case:
    """A request whose arguments are hard to write: quotes, braces, line breaks, nesting, numbers at their edges."""
    stage = scene.stage(chooser)
    hard = [t for t in stage.tools if any(p.kind in HARD_KINDS for p in t.parameters)]
    asked = ask_for_hard_values(chooser.choice(hard or stage.tools), scene.words, chooser)
    return _case(stage, asked, kind="stressed")


def with_absent_tool(scene: Scene, chooser: Chooser) -> Case:
    """A request that invites a tool that is not declared, in one of four ways."""
    trap = chooser.choice([masked, named_in_request, only_in_history, near_miss])
    return trap(scene, chooser)


def masked(scene: Scene, chooser: Chooser) -> Case:
    """The tool that would serve is left out of the catalog, or people's own words ask for none; nothing fits."""
    stage, hidden, shown = _hide_one(scene, chooser)
    if stage.idle and chooser.chance(IDLE_PERCENT):
        request = user(chooser.choice(stage.idle))
        return Case(stage.catalog(), (request,), Oracle(calls=()), "no call", language="examples")
    asked = ask(hidden, scene.words, chooser)
    return _nothing_fits(stage.catalog(shown), (user(asked.text),), "masked", hidden, asked)


def named_in_request(scene: Scene, chooser: Chooser) -> Case:
    """The request names an undeclared tool outright; nothing fits."""
    stage, hidden, shown = _hide_one(scene, chooser)
    asked = ask(hidden, scene.words, chooser)
    text = naming_outright(asked.text, hidden.tool.name, chooser)
    return _nothing_fits(stage.catalog(shown), (user(text),), "named", hidden, asked)


def naming_outright(text: str, name: str, chooser: Chooser) -> str:
    """The request with the name of a tool to use, or that name alone."""
    return chooser.choice([f"use {name}: {text}", f"{text} (call {name})", f"call {name}"])


def only_in_history(scene: Scene, chooser: Chooser) -> Case:
    """A tool was called in an earlier turn, but is not declared now; the request asks for it again."""
    stage, hidden, shown = _hide_one(scene, chooser)
    first, again = ask(hidden, scene.words, chooser), ask(hidden, scene.words, chooser)
    done: Message = {"role": "tool", "content": {"name": hidden.tool.name, "response": {"ok": True}}}
    messages = (user(first.text), assistant([first.call]), done, user(again.text))
    return _nothing_fits(stage.catalog(shown), messages, "history", hidden, again)


def _nothing_fits(catalog: Catalog, messages: tuple[Message, ...], kind: str, hidden: SpokenTool, asked: Asked) -> Case:
    """A case that ends with a request for a tool that is not declared."""
    absent = Absent(hidden.tool, asked.call.arguments)
    return Case(catalog, messages, Oracle(calls=()), kind, language=asked.language, absent=absent)


def near_miss(scene: Scene, chooser: Chooser) -> Case:
    """Beside the right tool stands one whose name differs by a few letters; the name has to be copied exactly."""
    stage = scene.stage(chooser)
    spoken = chooser.choice(stage.tools)
    asked = ask(spoken, scene.words, chooser)
    twin = twin_of(spoken.tool, chooser)
    case = _case(stage, asked, kind="near miss")
    if twin.name in case.catalog.names:
        return case
    tools = (twin, *case.catalog.tools) if chooser.chance(50) else (*case.catalog.tools, twin)
    return replace(case, catalog=replace(case.catalog, tools=tools))


def clear_or_absent(scene: Scene, chooser: Chooser) -> Case:
    """Mostly clear requests, some that nothing fits: where confidence has something to tell apart."""
    return masked(scene, chooser) if chooser.chance(15) else clear(scene, chooser)


def asked_otherwise(scene: Scene, chooser: Chooser) -> Case:
    """A clear request and the same one under a relation that should not matter."""
    case = clear(scene, chooser)
    relation = chooser.choice(RELATIONS)
    for candidate in (relation, padded):  # padding fits every case
        with suppress(Unfit):
            return replace(case, kind="asked otherwise", variant=candidate(scene, chooser, case))
    raise AssertionError("padding fits every case")


def _case(stage: Stage, asked: Asked, kind: str = "clear") -> Case:
    return Case(stage.catalog(), (user(asked.text),), oracle_of(asked), kind, language=asked.language)


def oracle_of(*asked: Asked) -> Oracle:
    """The right answer to these requests together; what nobody said in them may be otherwise."""
    calls = tuple(one.call for one in asked)
    if all(one.wanted is None for one in asked):
        return Oracle(calls)
    return Oracle(calls, (tuple(one.wanted or Wanted(one.call.name, one.call.arguments) for one in asked),))


def _hide_one(scene: Scene, chooser: Chooser) -> tuple[Stage, SpokenTool, list[SpokenTool]]:
    """A stage, one of its tools, and the tools that stay declared (at least one)."""
    stage = scene.stage(chooser, smallest=2)
    hidden = chooser.choice(stage.removable)
    return stage, hidden, [tool for tool in stage.tools if tool is not hidden]
