"""Cases of several turns: a correction, a catalog that changes between turns, a long history before the request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fixtures.grammar.requests import NEXT, Asked, ask, corrected
from fixtures.grammar.tools import SpokenTool
from fixtures.grammar.values import Parameter, draw_value
from fixtures.types import Case, Message, Oracle, ToolCall, assistant, user
from fixtures.vocab import Chooser
from suite.exam.cases import oracle_of
from suite.exam.scene import Scene, Stage

_PLAIN = ("word", "code", "enum", "integer", "time", "date")
_MOST_DRAWS = 50
LONGEST_HISTORY = 6
"""Served requests before the one that counts."""


def several_turns(scene: Scene, chooser: Chooser) -> Case:
    """One of the three kinds of conversation."""
    return chooser.choice([correction, changed_catalog, long_history])(scene, chooser)


def served(asked: Asked) -> tuple[Message, Message, Message]:
    """A request, the call that answered it, and the system's word that it is done."""
    done: Message = {"role": "tool", "content": {"name": asked.call.name, "response": {"ok": True}}}
    return user(asked.text), assistant([asked.call]), done


def correction(scene: Scene, chooser: Chooser) -> Case:
    """A second turn replaces a value of the call before it; all else stays."""
    for _ in range(_MOST_DRAWS):
        stage = scene.stage(chooser)
        spoken = chooser.choice(stage.tools)
        asked = ask(spoken, scene.words, chooser)
        changeable = [p for p in spoken.parameters if p.kind in _PLAIN and p.name in asked.call.arguments]
        if changeable:
            parameter = chooser.choice(changeable)
            value = another(parameter, asked.call.arguments[parameter.name], scene, chooser)
            call = ToolCall(asked.call.name, {**asked.call.arguments, parameter.name: value})
            messages = (*served(asked), user(corrected(parameter, value, chooser)))
            return Case(stage.catalog(), messages, Oracle((call,)), "correction", language=asked.language)
    return long_history(scene, chooser)  # no tool of these catalogs has a value that is easily said again


def another(parameter: Parameter, old: Any, scene: Scene, chooser: Chooser) -> Any:
    """A value that differs from the old one wherever the schema leaves a choice."""
    value = old
    for _ in range(20):
        value = draw_value(parameter, scene.words, chooser)
        if value != old:
            break
    return value


def changed_catalog(scene: Scene, chooser: Chooser) -> Case:
    """A tool that served an earlier turn is gone, and the request is for one that is still there."""
    stage = scene.stage(chooser, smallest=2)
    gone = chooser.choice(stage.removable)
    left = [spoken for spoken in stage.tools if spoken is not gone]
    if not left:
        return long_history(scene, chooser)
    before = ask(gone, scene.words, chooser)
    case = _then(stage, left, served(before), chooser, scene)
    return replace(case, kind="changed catalog")


def long_history(scene: Scene, chooser: Chooser) -> Case:
    """A clear request after up to six others that were served."""
    stage = scene.stage(chooser)
    count = chooser.integer(1, LONGEST_HISTORY)
    before = [m for _ in range(count) for m in served(ask(chooser.choice(stage.tools), scene.words, chooser))]
    return replace(_then(stage, stage.tools, before, chooser, scene), kind="long history")


def _then(stage: Stage, tools: Any, before: Any, chooser: Chooser, scene: Scene) -> Case:
    """After these messages, a request that one of the tools serves."""
    chosen: SpokenTool = chooser.choice(list(tools))
    asked = ask(chosen, scene.words, chooser)
    text = chooser.choice(NEXT).format(a=asked.text)
    return Case(stage.catalog(list(tools)), (*before, user(text)), oracle_of(asked), language=asked.language)
