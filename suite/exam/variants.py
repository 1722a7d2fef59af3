"""The same question asked otherwise: relations under which the answer may not change, but for names that did.

Each relation takes a case whose last message is the request and makes its variant; it raises `Unfit` for a case to
which it has nothing to do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from fixtures.grammar.requests import misspelt, open_ended
from fixtures.grammar.tools import draw_catalog
from fixtures.grammar.values import number_word, spoken_name
from fixtures.types import Case, Catalog, Fallback, Oracle, Tool, Variant
from fixtures.vocab import Chooser
from suite.exam.scene import Scene

Relation: TypeAlias = Callable[[Scene, Chooser, Case], Variant]
_BEFORE = ("good morning.", "sorry to bother you.", "one more thing:", "it is a quiet day here.", "I am back.")
_AFTER = ("that is all.", "have a nice day.", "I will be here.", "thank you so much.")


class Unfit(Exception):
    """The relation has nothing to change in this case."""


def tools_reordered(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """The same tools in another order."""
    if len(case.catalog.tools) < 2:
        raise Unfit
    places = list(case.catalog.tools)
    first = chooser.integer(1, len(places) - 1)
    return _variant(case, "tools in another order", tools=[*places[first:], *places[:first]])


def parameters_reordered(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """Every tool's parameters, and the list of the required ones, in the opposite order."""
    tools = [replace(tool, parameters=_reversed(tool.parameters)) for tool in case.catalog.tools]
    if all(len(tool.parameters.get("properties", {})) < 2 for tool in tools):
        raise Unfit
    return _variant(case, "parameters in another order", tools=tools)


def _reversed(schema: Mapping[str, Any]) -> dict[str, Any]:
    turned = {**schema, "properties": dict(reversed(schema.get("properties", {}).items()))}
    return {**turned, "required": list(reversed(schema["required"]))} if "required" in schema else turned


def tools_renamed(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """Every tool's name in another style: `set_room_light` as `setRoomLight`, and the other way round."""
    names = {tool.name: restyled(tool.name) for tool in case.catalog.tools}
    if len(set(names.values())) < len(names) or all(old == new for old, new in names.items()):
        raise Unfit
    tools = [replace(tool, name=names[tool.name]) for tool in case.catalog.tools]
    return _variant(case, "tools renamed", tools=tools, names=names)


def parameters_renamed(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """Every parameter's name in another style."""
    renamed: dict[str, dict[str, str]] = {}
    tools = []
    for tool in case.catalog.tools:
        names = {name: restyled(name) for name in tool.parameters.get("properties", {})}
        if len(set(names.values())) < len(names):
            raise Unfit
        renamed[tool.name] = names
        tools.append(replace(tool, parameters=_with_names(tool.parameters, names)))
    if all(old == new for names in renamed.values() for old, new in names.items()):
        raise Unfit
    return _variant(case, "parameters renamed", tools=tools, parameters=renamed)


def _with_names(schema: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    renamed = {**schema, "properties": {names[key]: value for key, value in schema.get("properties", {}).items()}}
    return {**renamed, "required": [names[key] for key in schema["required"]]} if "required" in schema else renamed


def restyled(name: str) -> str:
    """`set_room_light` as `setRoomLight`, `lights.setRoom` as `lights.set_room`; a single word stays."""
    *space, last = name.split(".")
    words = spoken_name(last).split(" ")
    if len(words) < 2:
        return name
    other = "_".join(words) if "_" not in last else words[0] + "".join(word.capitalize() for word in words[1:])
    return ".".join([*space, other])


def distractor_added(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """One tool more, of a world that the request has nothing to do with."""
    (spoken,) = draw_catalog(scene.words, chooser, 1)
    words = set(spoken_name(spoken.tool.name).split(" "))
    if spoken.tool.name in case.catalog.names or words & set(case.request.casefold().split()):
        raise Unfit
    place = chooser.integer(0, len(case.catalog.tools))
    tools = [*case.catalog.tools[:place], spoken.tool, *case.catalog.tools[place:]]
    return _variant(case, "a tool more that does not matter", tools=tools)


def distractor_removed(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """One tool less, which the request is not for."""
    needed = {call.name for call in case.oracle.calls or ()}
    spare = [tool for tool in case.catalog.tools if tool.name not in {*needed, case.catalog.fallback}]
    if not spare or len(case.catalog.tools) < 2:
        raise Unfit
    gone = chooser.choice(spare)
    tools = [tool for tool in case.catalog.tools if tool is not gone]
    return _variant(case, "a tool less that does not matter", tools=tools)


def descriptions_paraphrased(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """Every description in other words around the same clause."""
    ways = ("This tool is here to do the following: {d}", "{d} Part of the house's system.", "Tool: {d}")
    way = chooser.choice(ways)
    tools = [replace(t, description=way.format(d=t.description)) if t.description else t for t in case.catalog.tools]
    if all(not tool.description for tool in tools):
        raise Unfit
    return _variant(case, "descriptions in other words", tools=tools)


def padded(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """Small talk before the request; and after it, unless it ends with free text that has no end of its own."""
    text = f"{chooser.choice(_BEFORE)} {case.request}"
    if not open_ended(case.request) and chooser.chance(50):
        text = f"{text.rstrip('.!?')}. {chooser.choice(_AFTER)}"
    return _variant(case, "small talk around the request", text=text)


def upper_cased(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """The request in capitals, but for the values that have to be copied."""
    kept = sorted({v for call in case.oracle.calls or () for v in _texts(call.arguments)}, key=len, reverse=True)
    pieces = re.split("(" + "|".join(map(re.escape, kept)) + ")", case.request) if kept else [case.request]
    text = "".join(piece if piece in kept else piece.upper() for piece in pieces)
    if text == case.request:
        raise Unfit
    return _variant(case, "the request in capitals", text=text)


def with_typo(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """Two letters of one word exchanged; a word that has to be copied is left alone."""
    kept = {word for call in case.oracle.calls or () for v in _texts(call.arguments) for word in v.split()}
    names = {word for tool in case.catalog.tools for word in spoken_name(tool.name).split(" ")}
    words = case.request.split(" ")
    kept |= names
    free = [n for n, w in enumerate(words) if len(w) > 4 and w.isalpha() and not {w, w.casefold()} & kept]
    if not free:
        raise Unfit
    place = chooser.choice(free)
    words[place] = misspelt(words[place], chooser)
    return _variant(case, "a typo", text=" ".join(words))


def numbers_in_words(scene: Scene, chooser: Chooser, case: Case) -> Variant:
    """A number of the answer, told in digits, as a word."""
    for call in case.oracle.calls or ():
        for value in call.arguments.values():
            if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100:
                told = re.compile(rf"(?<![\w.:-]){value}(?![\w.:-])")
                if len(told.findall(case.request)) == 1:
                    return _variant(case, "a number as a word", text=told.sub(number_word(value), case.request))
    raise Unfit


def _texts(arguments: Any) -> list[str]:
    if isinstance(arguments, Mapping):
        return [text for value in arguments.values() for text in _texts(value)]
    if isinstance(arguments, list | tuple):
        return [text for value in arguments for text in _texts(value)]
    return [arguments] if isinstance(arguments, str) and arguments else []


RELATIONS: tuple[Relation, ...] = (
    tools_reordered, parameters_reordered, tools_renamed, parameters_renamed, distractor_added, distractor_removed,
    descriptions_paraphrased, padded, upper_cased, with_typo, numbers_in_words,
)  # fmt: skip


def _variant(
    case: Case,
    relation: str,
    *,
    tools: Sequence[Tool] | None = None,
    text: str | None = None,
    names: Mapping[str, str] | None = None,
    parameters: Mapping[str, Mapping[str, str]] | None = None,
) -> Variant:
    """The case with other tools or another text of its last message; its right calls are renamed along."""
    shown = case.catalog if tools is None else replace(catalog_renamed(case.catalog, names or {}), tools=tuple(tools))
    *before, last = case.messages
    messages = case.messages if text is None else (*before, {**last, "content": text})
    variant = Variant(relation, replace(case, catalog=shown, messages=messages), names or {}, parameters or {})
    calls = tuple(variant.renamed(call) for call in case.oracle.calls or ())
    return replace(variant, case=replace(variant.case, oracle=Oracle(calls)))


def catalog_renamed(catalog: Catalog, names: Mapping[str, str]) -> Catalog:
    """What the catalog says of its tools by name, said of the new names; the tools themselves are not touched."""
    policy = Fallback(names.get(catalog.fallback, catalog.fallback)) if catalog.fallback else catalog.policy
    priority = tuple(names.get(name, name) for name in catalog.priority)
    cost = {names.get(name, name): energy for name, energy in catalog.cost.items()}
    return replace(catalog, policy=policy, priority=priority, cost=cost)
