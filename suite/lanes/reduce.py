"""Smaller cases that still fail: many reductions are judged in one batch, and the smallest failing one goes on.

Hypothesis shrinks one call at a time and only what it drew itself. Here any failing case can be made smaller (one of
the measured sample, a known one), at the speed of a batch. Every reduction keeps what is known about the right answer:
tools that are called stay, and of the request only words go that the answer does not rest on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice, pairwise
from typing import Any

from fixtures.grounding import times_said
from fixtures.types import Case, Message, Missing, Tool, ToolCall, Variant, Wanted
from suite.exam.answers import texts_of
from suite.exam.variants import catalog_renamed
from suite.judging.contract import Contract
from suite.lanes.asking import Asker
from suite.outcome import Broken

BATCH = 24
"""Reductions judged at once: about as many rows as an engine's batch holds."""
_TOLD = frozenset(
    "description title examples pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength"
    " maxLength minItems maxItems uniqueItems".split()
)
"""What a schema says of a value besides its type and its options."""
_POLITE = frozenset("please thanks hey hi now kindly, please, hey, hi, thanks, now, thanks. please. please!".split())


@dataclass(frozen=True, slots=True)
class Reduced:
    """The smallest failing case, what broke, whether no reduction of it fails, and how many replies it took."""

    case: Case
    broken: Broken
    minimal: bool
    calls: int


def reduce(contract: Contract, case: Case, broken: Broken, asker: Asker, calls: int) -> Reduced:
    """Make a failing case smaller, asking for at most `calls` replies.

    Minimal means minimal under the reductions of this file: none of them leaves a case that still fails.
    """
    asked: set[str] = set()
    while True:
        tried = False
        for batch in _batches(reductions(case)):
            fresh = [c for c in batch if asker.prompt(c) not in asked][: calls - len(asked)]
            if not fresh:
                if any(asker.prompt(c) not in asked for c in batch):
                    return Reduced(case, broken, False, len(asked))
                continue
            asked |= {asker.prompt(c) for c in fresh}
            replies = asker.ask(fresh, "reducing")
            judged = [(c, contract.judge(c, reply)) for c, reply in zip(fresh, replies, strict=True)]
            failing = [(c, outcome) for c, outcome in judged if isinstance(outcome, Broken)]
            if failing:
                case, broken = min(failing, key=lambda found: size(found[0]))
                tried = True
                break
        if not tried:
            return Reduced(case, broken, True, len(asked))


def _batches(cases: Iterator[Case]) -> Iterator[list[Case]]:
    while batch := list(islice(cases, BATCH)):
        yield batch


def size(case: Case) -> tuple[int, int, int]:
    """What makes a case large for a reader: tools first, then messages, then letters."""
    letters = sum(len(json.dumps(tool.declaration(), ensure_ascii=False)) for tool in case.catalog.tools)
    said = sum(len(str(message.get("content") or "")) for message in case.messages)
    return len(case.catalog.tools), len(case.messages), letters + said


def reductions(case: Case) -> Iterator[Case]:
    """All cases that are one step smaller, the largest steps first; of a pair, both members get smaller alike."""
    if case.variant:
        yield from _fewer_tools_in_both(case, case.variant)
        return
    for step in STEPS:
        yield from step(case)


def called(case: Case) -> dict[str, list[Mapping[str, Any]]]:
    """The arguments of the right calls and of those in the conversation, by tool."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for call in case.oracle.calls or ():
        found.setdefault(call.name, []).append(call.arguments)
    if case.oracle.missing:  # without its tool, the request would be for nothing
        found.setdefault(case.oracle.missing.tool, [])
    for message in case.messages:
        for made in message.get("tool_calls") or ():
            found.setdefault(made["function"]["name"], []).append(made["function"]["arguments"])
    return found


def _with_tools(case: Case, tools: Sequence[Tool]) -> Case:
    return replace(case, catalog=replace(case.catalog, tools=tuple(tools)))


def fewer_tools(case: Case) -> Iterator[Case]:
    """Half of the tools that nobody calls, then one of them less; at least one tool stays, and so does a fallback."""
    needed = {*called(case), case.catalog.fallback}
    spare = [tool for tool in case.catalog.tools if tool.name not in needed]
    if len(spare) > 2:
        for half in (spare[: len(spare) // 2], spare[len(spare) // 2 :]):
            yield _with_tools(case, [tool for tool in case.catalog.tools if tool not in half])
    for gone in spare if len(case.catalog.tools) > 1 else []:
        yield _with_tools(case, [tool for tool in case.catalog.tools if tool is not gone])


def _fewer_tools_in_both(case: Case, variant: Variant) -> Iterator[Case]:
    """A pair without one tool that nobody calls; a tool that only the variant has is what it is about, and stays."""
    needed = {*called(case), case.catalog.fallback}
    for gone in case.catalog.tools if len(case.catalog.tools) > 1 else ():
        other = variant.tools.get(gone.name, gone.name)
        left = [tool for tool in variant.case.catalog.tools if tool.name != other]
        if gone.name in needed or not left or len(left) == len(variant.case.catalog.tools):
            continue
        smaller = replace(variant, case=_with_tools(variant.case, left))
        yield replace(_with_tools(case, [t for t in case.catalog.tools if t is not gone]), variant=smaller)


def fewer_messages(case: Case) -> Iterator[Case]:
    """The conversation without one earlier turn (all messages from a request up to the next), oldest first.

    The turn just before the last stays where a tool fits: the request may be a correction of it.
    """
    starts = [n for n, message in enumerate(case.messages) if message["role"] == "user"]
    turns = list(pairwise(starts))
    for start, end in turns if case.oracle.calls == () else turns[:-1]:
        yield replace(case, messages=(*case.messages[:start], *case.messages[end:]))


def fewer_parameters(case: Case) -> Iterator[Case]:
    """A tool without one parameter that no call gives."""
    given = {name: {key for arguments in calls for key in arguments} for name, calls in called(case).items()}
    for tool in case.catalog.tools:
        for name in tool.parameters.get("properties", {}):
            if name not in given.get(tool.name, ()) and not _is_missing(case, tool, name):
                yield _replaced(case, tool, replace(tool, parameters=_without(tool.parameters, name)))


def _is_missing(case: Case, tool: Tool, name: str) -> bool:
    """Whether this is the value that the case is about, because nobody said it."""
    return case.oracle.missing == Missing(tool.name, name)


def _without(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    left = {key: value for key, value in schema["properties"].items() if key != name}
    smaller = {**schema, "properties": left}
    if "required" in schema:
        smaller["required"] = [key for key in schema["required"] if key != name]
        if not smaller["required"]:
            del smaller["required"]
    return smaller


def shorter_descriptions(case: Case) -> Iterator[Case]:
    """A tool that nobody should call, without its description."""
    needed = {call.name for call in case.oracle.calls or ()}
    for tool in case.catalog.tools:
        if tool.description and tool.name not in needed:
            yield _replaced(case, tool, replace(tool, description=""))


def simpler_schemas(case: Case) -> Iterator[Case]:
    """A parameter without all that is told of it but its type, its options and what lies within."""
    for tool in case.catalog.tools:
        properties = tool.parameters.get("properties", {})
        for name, schema in properties.items():
            plain = {key: value for key, value in schema.items() if key not in _TOLD}
            if plain != schema:
                parameters = {**tool.parameters, "properties": {**properties, name: plain}}
                yield _replaced(case, tool, replace(tool, parameters=parameters))


def shorter_names(case: Case) -> Iterator[Case]:
    """A tool under the first half of its name, wherever it is called; not if somebody says the name."""
    said = " ".join(str(message.get("content") or "") for message in case.messages if message["role"] == "user")
    for tool in case.catalog.tools:
        short = tool.name[: (len(tool.name) + 1) // 2].rstrip("._-")
        if short and short != tool.name and short not in case.catalog.names and tool.name not in said:
            yield _with_name(case, tool, short)


def _with_name(case: Case, tool: Tool, short: str) -> Case:
    names = {tool.name: short}
    renamed = _replaced(case, tool, replace(tool, name=short))
    calls = case.oracle.calls and tuple(replace(c, name=names.get(c.name, c.name)) for c in case.oracle.calls)
    missing = case.oracle.missing
    if missing:
        missing = replace(missing, tool=names.get(missing.tool, missing.tool))
    messages = tuple(_message_with_names(message, names) for message in case.messages)
    catalog = catalog_renamed(renamed.catalog, names)
    accepted = _each(case, lambda one: replace(one, name=names.get(one.name, one.name)))
    oracle = replace(case.oracle, calls=calls, acceptable=accepted, missing=missing)
    return replace(renamed, catalog=catalog, oracle=oracle, messages=messages)


def _each(case: Case, changed: Callable[[Wanted], Wanted]) -> tuple[tuple[Wanted, ...], ...]:
    """What the case accepts, with each call of it changed."""
    return tuple(tuple(map(changed, wanted)) for wanted in case.oracle.acceptable)


def _message_with_names(message: Message, names: Mapping[str, str]) -> Message:
    """A call or a tool's result under the new name."""
    changed = dict(message)
    if calls := message.get("tool_calls"):
        functions = [call["function"] for call in calls]
        renamed = [{**function, "name": names.get(function["name"], function["name"])} for function in functions]
        changed["tool_calls"] = [{**call, "function": new} for call, new in zip(calls, renamed, strict=True)]
    content = message.get("content")
    if message["role"] == "tool" and isinstance(content, Mapping) and "name" in content:
        changed["content"] = {**content, "name": names.get(content["name"], content["name"])}
    return changed


def _replaced(case: Case, old: Tool, new: Tool) -> Case:
    return _with_tools(case, [new if tool is old else tool for tool in case.catalog.tools])


def fewer_words(case: Case) -> Iterator[Case]:
    """The last request without one word: any, if nothing fits, and else only words of politeness."""
    place = max(n for n, message in enumerate(case.messages) if message["role"] == "user")
    words = str(case.messages[place]["content"]).split(" ")
    values = texts_of(case) if case.oracle.calls != () else []  # a `thanks` may be part of one
    for n, word in enumerate(words):
        if len(words) > 1 and (case.oracle.calls == () or word.casefold() in _POLITE):
            left = " ".join(words[:n] + words[n + 1 :])
            if all(times_said(value, left) == times_said(value, " ".join(words)) for value in values):
                yield _said(case, place, left)


def _said(case: Case, place: int, text: str) -> Case:
    messages: list[Message] = list(case.messages)
    messages[place] = {**messages[place], "content": text}
    return replace(case, messages=tuple(messages))


def shorter_values(case: Case) -> Iterator[Case]:
    """A text value of the right call, cut to its first half, in the request and in the answer alike."""
    place = max(n for n, message in enumerate(case.messages) if message["role"] == "user")
    request = str(case.messages[place]["content"])
    for number, call in enumerate(case.oracle.calls or ()):
        schemas = case.catalog[call.name].parameters.get("properties", {}) if call.name in case.catalog.names else {}
        for key, value in call.arguments.items():
            plain = isinstance(value, str) and len(value) > 1 and value.replace(" ", "").isalpha()
            if not plain or request.count(value) != 1 or not _free(schemas.get(key)):
                continue
            short = value[: (len(value) + 1) // 2]
            shorter = replace(call, arguments={**call.arguments, key: short})
            calls = tuple(shorter if n == number else c for n, c in enumerate(case.oracle.calls or ()))
            smaller = _said(case, place, request.replace(value, short))
            accepted = _each(case, partial(_shortened, call=call, to=shorter))
            yield replace(smaller, oracle=replace(case.oracle, calls=calls, acceptable=accepted))


def _shortened(wanted: Wanted, call: ToolCall, to: ToolCall) -> Wanted:
    """The shorter call, where this is the one that was made shorter."""
    same = (wanted.name, wanted.arguments) == (call.name, call.arguments)
    return replace(wanted, arguments=to.arguments) if same else wanted


def _free(schema: Any) -> bool:
    """Whether any text will do: no enum, pattern or format says otherwise."""
    fixed = {"enum", "const", "pattern", "format", "minLength"}
    return isinstance(schema, Mapping) and schema.get("type") == "string" and not fixed & set(schema)


STEPS = (
    fewer_tools, fewer_messages, fewer_parameters, shorter_descriptions, simpler_schemas, fewer_words, shorter_values,
    shorter_names,
)  # fmt: skip
"""In the order in which they are tried: what makes a case small for a reader comes first."""
