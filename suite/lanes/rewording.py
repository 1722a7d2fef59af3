"""A case's request in other words, with the same values or with others: where it is known how its tool is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fixtures.errors import UserError
from fixtures.grammar.requests import Asked, say
from fixtures.grammar.speaking import speak_of_all
from fixtures.grammar.tools import SpokenTool
from fixtures.grammar.values import draw_value, in_order
from fixtures.types import Case, Oracle, Tool, ToolCall
from fixtures.vocab import Chooser
from suite.exam.cases import naming_outright
from suite.exam.scene import Scene

_PLAIN = ("clear", "stressed", "near miss")
"""Kinds of cases that are one request for one declared tool."""


@dataclass(frozen=True, slots=True)
class Subject:
    """The tool that the last request of a case asks for, how people ask for it, and the arguments that are said."""

    spoken: SpokenTool
    arguments: Mapping[str, Any]

    def reworded(self, case: Case, scene: Scene, chooser: Chooser, *, same_values: bool) -> Case:
        """The case with its last request drawn anew, and the right answer to that."""
        values, said = dict(self.arguments), [p for p in self.spoken.parameters if p.name in self.arguments]
        if not same_values:
            hard = case.kind == "stressed"
            values = dict(in_order(said, {p.name: draw_value(p, scene.words, chooser, hard=hard) for p in said}))
        asked = say(self.spoken, said, values, chooser)
        place = last_request(case)
        text = naming_outright(asked.text, self.spoken.tool.name, chooser) if case.kind == "named" else asked.text
        messages = (*case.messages[:place], {**case.messages[place], "content": text}, *case.messages[place + 1 :])
        changed = replace(case, messages=messages, language=asked.language)
        return changed if same_values else _answered(changed, asked)


def _answered(case: Case, asked: Asked) -> Case:
    """The case with the call that the words ask for, whether its tool is declared or not."""
    if case.absent:
        return replace(case, absent=replace(case.absent, arguments=asked.call.arguments))
    return replace(case, oracle=Oracle((ToolCall(asked.call.name, asked.call.arguments),)))


def subject_of(case: Case, scene: Scene) -> Subject | None:
    """What the last request of the case asks for; None where it is no request for one tool, or nobody knows how that
    is asked for."""
    if case.absent:
        tool, arguments = case.absent.tool, case.absent.arguments
    else:
        calls = case.oracle.calls or ()
        if case.kind not in _PLAIN or len(case.messages) > 1 or case.variant or len(calls) != 1:
            return None
        tool, arguments = case.catalog[calls[0].name], calls[0].arguments
    spoken = _spoken(tool, case.catalog.name, scene)
    if spoken is None or not set(arguments) <= {p.name for p in spoken.parameters}:
        return None
    return Subject(spoken, arguments)


def _spoken(tool: Tool, catalog: str, scene: Scene) -> SpokenTool | None:
    """How the tool is asked for: as its given catalog says, else as its name and description tell."""
    for given in scene.catalogs:
        for spoken in given.spoken if given.catalog.name == catalog else ():
            if spoken.tool.name == tool.name and spoken.actions:
                return spoken
    (derived,) = speak_of_all([tool])
    return None if isinstance(derived, UserError) else derived


def last_request(case: Case) -> int:
    """The place of the last thing that the user said."""
    return max(n for n, message in enumerate(case.messages) if message["role"] == "user")
