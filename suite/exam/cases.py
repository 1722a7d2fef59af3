"""The kinds of cases that contracts ask about. Each draws one case, and knows its right answer by construction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from fixtures.grammar.requests import Asked, ask, ask_for_hard_values
from fixtures.grammar.tools import SpokenTool, twin_of
from fixtures.grammar.values import HARD_KINDS
from fixtures.reading.arguments import first_fault
from fixtures.spelling import loosened
from fixtures.types import Case, Catalog, Message, Oracle, ToolCall, Wanted, assistant, user
from fixtures.vocab import Chooser
from suite.exam.scene import Scene, Stage
from suite.exam.variants import RELATIONS, Unfit, padded


def clear(scene: Scene, chooser: Chooser) -> Case:
    """One request that exactly one declared tool serves."""
    stage = scene.stage(chooser)
    asked = ask(chooser.choice(stage.tools), scene.words, chooser)
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
    """The tool that would serve is left out of the catalog; nothing fits."""
    stage, hidden, shown = _hide_one(scene, chooser)
    asked = ask(hidden, scene.words, chooser)
    return Case(stage.catalog(shown), (user(asked.text),), Oracle(calls=()), "masked")


def named_in_request(scene: Scene, chooser: Chooser) -> Case:
    """The request names an undeclared tool outright; nothing fits."""
    stage, hidden, shown = _hide_one(scene, chooser)
    asked = ask(hidden, scene.words, chooser)
    name = hidden.tool.name
    text = chooser.choice([f"use {name}: {asked.text}", f"{asked.text} (call {name})", f"call {name}"])
    return Case(stage.catalog(shown), (user(text),), Oracle(calls=()), "named")


def only_in_history(scene: Scene, chooser: Chooser) -> Case:
    """A tool was called in an earlier turn, but is not declared now; the request asks for it again."""
    stage, hidden, shown = _hide_one(scene, chooser)
    first, again = ask(hidden, scene.words, chooser), ask(hidden, scene.words, chooser)
    done: Message = {"role": "tool", "content": {"name": hidden.tool.name, "response": {"ok": True}}}
    messages = (user(first.text), assistant([first.call]), done, user(again.text))
    return Case(stage.catalog(shown), messages, Oracle(calls=()), "history")


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
    return Case(stage.catalog(), (user(asked.text),), Oracle(calls=(asked.call,)), kind)


def _hide_one(scene: Scene, chooser: Chooser) -> tuple[Stage, SpokenTool, list[SpokenTool]]:
    """A stage, one of its tools, and the tools that stay declared (at least one)."""
    stage = scene.stage(chooser, smallest=2)
    hidden = chooser.choice(stage.removable)
    return stage, hidden, [tool for tool in stage.tools if tool is not hidden]


def answers(case: Case, calls: tuple[ToolCall, ...]) -> bool:
    """Whether these calls are the right ones: by JSON type and value, in any order. False if nobody knows."""
    if case.oracle.acceptable:
        return any(_accepts(case.catalog, wanted, calls) for wanted in case.oracle.acceptable)
    if case.oracle.calls == ():
        return keeps_policy(case.catalog, calls)
    return case.oracle.calls is not None and same_calls(case.oracle.calls, calls)


def keeps_policy(catalog: Catalog, calls: Sequence[ToolCall]) -> bool:
    """Whether these calls are right where no declared tool serves the request.

    With a fallback, one call of it and nothing else, whatever its arguments; where a tool must be chosen, calls of any
    declared tools; else none.
    """
    names = [call.name for call in calls]
    if catalog.fallback:
        return names == [catalog.fallback]
    if catalog.policy == "must_choose":
        return bool(names) and set(names) <= set(catalog.names)
    return not names


def same_calls(wanted: Sequence[ToolCall], calls: Sequence[ToolCall]) -> bool:
    """Whether two sets of calls are equal by JSON type and value, in any order."""
    if len(wanted) != len(calls):
        return False
    left = list(wanted)
    for call in calls:
        match = next((w for w in left if w.name == call.name and same_value(w.arguments, call.arguments)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _accepts(catalog: Catalog, wanted: Sequence[Wanted], calls: Sequence[ToolCall]) -> bool:
    """Whether each of the calls is one that is wanted, and none is missing."""
    if len(wanted) != len(calls):
        return False
    if not calls:
        return True
    first, *rest = calls
    # Two that are wanted may both fit the first call, and only one of them the others.
    left = [
        [*wanted[:place], *wanted[place + 1 :]] for place, one in enumerate(wanted) if _is_call(catalog, one, first)
    ]
    return any(_accepts(catalog, others, rest) for others in left)


def _is_call(catalog: Catalog, wanted: Wanted, call: ToolCall) -> bool:
    if call.name != wanted.name or not set(call.arguments) <= {*wanted.arguments, *wanted.any}:
        return False
    for name in {*wanted.arguments, *wanted.any}:
        if name not in call.arguments:
            if name not in wanted.optional:
                return False
        elif name not in wanted.any:
            values = (wanted.arguments[name], *wanted.also.get(name, ()))
            spelt = loosened if wanted.spelling == "loose" else _as_it_is
            if not any(same_value(spelt(value), spelt(call.arguments[name])) for value in values):
                return False
    return not wanted.any or not first_fault(catalog[call.name].parameters, call.arguments)


def _as_it_is(value: Any) -> Any:
    return value


def calls_text(calls: Sequence[ToolCall]) -> str:
    """Calls as a person reads them in a report."""
    told = [f"{call.name} {json.dumps(dict(call.arguments), ensure_ascii=False)}" for call in calls]
    return "; ".join(told) or "no call"


def same_value(a: object, b: object) -> bool:
    """Equality of JSON values: 1 equals 1.0 but not true, and the order of keys does not matter."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_value(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same_value(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and a == b if not _numbers(a, b) else a == b


def _numbers(a: object, b: object) -> bool:
    return isinstance(a, int | float) and isinstance(b, int | float)
