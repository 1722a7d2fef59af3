"""Ways to answer a request wrongly, each as close to the right answer as it can be: what a preference pair rejects.

Every way takes a `Subject` and gives an assistant's message, or None where it does not apply. Text that no template
would write stands under the key `wire`, by the name of the format that it is broken in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from rapidfuzz import fuzz

from fixtures.answers import NOTHING_FITS
from fixtures.catalogs import Shared
from fixtures.choosing import SeededChooser
from fixtures.formats import Format, Parsed
from fixtures.grammar.tools import twin_of
from fixtures.grounding import declared, leaves, normal, numbers_in, ungrounded
from fixtures.reading.arguments import first_fault
from fixtures.types import Case, Tool, ToolCall, assistant

MADE_UP = ("dev_001", "dev_002", "unit_7", "A-100", "device-42", "zone-9", "12", "unspecified")
"""Values that models make up where a request names none; the first ones are SeedCore's."""
TWIN_PERCENT = 40
"""Of the near misses, those that call a name which no tool has, but nearly the right one's."""
ALIKE = 45
"""Percent of letters (rapidfuzz's token_set_ratio): a tool below it has nothing to do with the request."""
CERTAIN, DOUBTFUL = 0.99, (0.1, 0.2, 0.3)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What wrong answers are made of: the tools and texts of all rows, and the phrases that tools share."""

    tools: Mapping[str, Tool]
    texts: Mapping[str, Sequence[str]]
    """By parameter's name, the texts that calls have for it."""
    shared: Sequence[Shared]


@dataclass(frozen=True, slots=True)
class Subject:
    """A row as a case, its right answer as a message and on the wire, and what surrounds it."""

    case: Case
    right: Mapping[str, Any]
    wire: str
    form: Format
    around: Surroundings

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return self.case.oracle.calls or ()

    def read(self, text: str) -> Parsed:
        """A text as the format reads it, where the row's tools are declared."""
        return self.form.parse(text, self.case.catalog.declarations())

    def answer(self, calls: Sequence[ToolCall], text: str = "", confidence: float | None = None) -> dict[str, Any]:
        """Another answer, just as sure as the right one unless told otherwise."""
        sure = self.right.get("confidence") if confidence is None else confidence
        return dict(assistant(calls, text, sure))

    def instead(self, place: int, call: ToolCall) -> dict[str, Any]:
        """The right answer with one call replaced."""
        return self.answer([*self.calls[:place], call, *self.calls[place + 1 :]])


Way: TypeAlias = Callable[[Subject, SeededChooser], dict[str, Any] | None]


def near_miss_tool(subject: Subject, chooser: SeededChooser) -> dict[str, Any] | None:
    """The declared tool with the most similar name, or a name that almost is the right one and nobody declares."""
    if not subject.calls:
        return None
    place = chooser.integer(0, len(subject.calls) - 1)
    right = subject.calls[place]
    called = {call.name for call in subject.calls}
    others = [tool for tool in subject.case.catalog.tools if tool.name not in called]
    if others and not chooser.chance(TWIN_PERCENT):
        other = max(others, key=lambda tool: (fuzz.ratio(tool.name, right.name), tool.name))
        return subject.instead(place, ToolCall(other.name, _fitting(other, right.arguments, subject.case, chooser)))
    twin = twin_of(subject.case.catalog[right.name], chooser)
    return None if twin.name in subject.case.catalog.names else subject.instead(place, replace(right, name=twin.name))


def invented_tool(subject: Subject, chooser: SeededChooser) -> dict[str, Any] | None:
    """For a request that nothing fits: the tool that would, though it is not declared, or one named after the words."""
    if subject.calls:
        return None
    absent = [tool for name, tool in subject.around.tools.items() if name not in subject.case.catalog.names]
    tool = _most_alike(absent, subject.case.request) or Tool(_named_after(subject.case.request), "", {})
    return subject.answer([ToolCall(tool.name, _fitting(tool, {}, subject.case, chooser))])


def forced_tool(subject: Subject, chooser: SeededChooser) -> dict[str, Any] | None:
    """For a request that nothing fits: the declared tool that sounds most like it."""
    tools = subject.case.catalog.tools
    if subject.calls or not tools:
        return None
    tool = max(tools, key=lambda tool: (_likeness(tool, subject.case.request), tool.name))
    return subject.answer([ToolCall(tool.name, _fitting(tool, {}, subject.case, chooser))])


def refusal(subject: Subject, chooser: SeededChooser) -> dict[str, Any] | None:
    """No call, although a declared tool serves the request."""
    return subject.answer([], NOTHING_FITS) if subject.calls else None


def broken_syntax(subject: Subject, chooser: SeededChooser) -> dict[str, Any] | None:
    """The right call, damaged as models damage it, before the same stop token."""
    if not subject.calls:
        return None
    stop = next(stop for stop in subject.form.stops if subject.wire.endswith(stop))
    body = subject.wire.removesuffix(stop)
    unreadable = ("salvaged", "undecodable")
    texts = [text + stop for text in damaged(body, subject.form) if subject.read(text + stop).status in unreadable]
    return {"role": "assistant", "content": "", "wire": {subject.form.name: chooser.choice(texts)}} if texts else None


def damaged(body: str, form: Format) -> Iterator[str]:
    """A call cut off, without a brace, a delimiter or its close tag, with a comma too many, or in a code fence."""
    yield body[: len(body) * 2 // 3]
    for brace in "{}()[]":
        head, found, tail = body.rpartition(brace)
        if found:
            yield head + tail
            yield f"{head},{brace}{tail}"
    for delimiter in (str(form.options.get("escape", "<escape>")), '"', "'"):
        yield body.replace(delimiter, "", 1)
        yield body.replace(delimiter, '"' if delimiter == "'" else "'")
    for mark in filter(None, (form.options.get("open"), form.options.get("close"))):
        yield body.replace(str(mark).strip(), "", 1)
    last = next(reversed(list(form.control_token.finditer(body))), None)
    if last:
        yield body[: last.start()] + body[last.end() :]
    yield f"```json\n{body}\n```"


def ungrounded_value(subject: Subject, chooser: SeededChooser) -> dict[str, Any] | None:
    """The right call with one value that nobody said, of the same schema."""
    found = [
        (place, pointer, value)
        for place, call in enumerate(subject.calls)
        for pointer, value, schema in leaves(call.arguments, subject.case.catalog[call.name].parameters)
        if not declared(schema)
    ]
    if not found:
        return None
    place, pointer, old = chooser.choice(found)
    call = subject.calls[place]
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    schema = subject.case.catalog[call.name].parameters
    for value in _unsaid(old, parts[-1], subject, chooser):
        arguments = _with_value(call.arguments, parts, value)
        made_up = {where for where, _ in ungrounded(subject.case, call.name, arguments)}
        if pointer in made_up and not first_fault(schema, arguments):
            return subject.instead(place, ToolCall(call.name, arguments))
    return None


def wrong_arbitration(subject: Subject, chooser: SeededChooser) -> dict[str, Any] | None:
    """For an ambiguous request: a tool that could serve it too, but that the catalog's order puts behind."""
    if subject.case.kind != "ambiguous" or len(subject.calls) != 1:
        return None
    (right,) = subject.calls
    rivals = {name for shared in subject.around.shared if right.name in shared.tools for name in shared.tools}
    losing = [tool for tool in subject.case.catalog.tools if tool.name in rivals - {right.name}]
    if not losing:
        return None
    tool = chooser.choice(losing)
    return subject.answer([ToolCall(tool.name, _fitting(tool, right.arguments, subject.case, chooser))])


def overconfident_wrong(subject: Subject, chooser: SeededChooser) -> dict[str, Any] | None:
    """A wrong call, and certain of it; for formats that state a confidence."""
    if not subject.form.verbalises_confidence:
        return None
    wrong = near_miss_tool(subject, chooser) or forced_tool(subject, chooser)
    return {**wrong, "confidence": CERTAIN} if wrong else None


def underconfident_right(subject: Subject, chooser: SeededChooser) -> dict[str, Any] | None:
    """The right answer, doubted; for formats that state a confidence."""
    sure = subject.read(subject.wire).confidence
    if not subject.form.verbalises_confidence or sure is None or sure <= max(DOUBTFUL):
        return None
    return {**subject.right, "confidence": chooser.choice(DOUBTFUL)}


WAYS: Mapping[str, Way] = {
    way.__name__: way
    for way in (
        near_miss_tool, invented_tool, forced_tool, refusal, broken_syntax, ungrounded_value, wrong_arbitration,
        overconfident_wrong, underconfident_right,
    )
}  # fmt: skip
"""By the kind that a pair is labelled with."""


def _likeness(tool: Tool, request: str) -> float:
    name = tool.name.replace("_", " ").replace(".", " ")
    return fuzz.token_set_ratio(f"{name} {tool.description}".casefold(), request.casefold())


def _most_alike(tools: Sequence[Tool], request: str) -> Tool | None:
    alike = max(((_likeness(tool, request), tool.name, tool) for tool in tools), default=None, key=lambda t: t[:2])
    return alike[2] if alike and alike[0] >= ALIKE else None


def _named_after(request: str) -> str:
    """A tool's name made of the request's longest words, as a model makes one up."""
    words = ["".join(filter(str.isalnum, word)) for word in normal(request).split()]
    ascii_words = [word for word in words if word.isascii() and word]
    longest = sorted(ascii_words, key=len, reverse=True)[:2]
    return "_".join(word for word in ascii_words if word in longest) or "do_it"


def _fitting(tool: Tool, arguments: Mapping[str, Any], case: Case, chooser: SeededChooser) -> dict[str, Any]:
    """What of these arguments the tool takes as well, and for what else it requires the likeliest value there is."""
    properties = tool.parameters.get("properties") or {}
    kept = {name: value for name, value in arguments.items() if name in properties}
    wanted = [name for name in tool.parameters.get("required") or () if name not in kept]
    return kept | {name: _likely(properties.get(name) or {}, case.request, chooser) for name in wanted}


def _likely(schema: Mapping[str, Any], request: str, chooser: SeededChooser) -> Any:
    offered = declared(schema)
    if offered:
        return chooser.choice(offered)
    match schema.get("type"):
        case "integer" | "number":
            said = sorted(int(n) for n in numbers_in(normal(request)) if n == int(n))
            return chooser.choice(said) if said else int(schema.get("minimum", 1))
        case "boolean":
            return True
        case "array":
            return []
        case "object":
            return {}
    return request.split()[-1].strip(".?!,\"'") or request


def _unsaid(old: Any, name: str, subject: Subject, chooser: SeededChooser) -> list[Any]:
    """Candidates for a value that nobody said, of the old one's type, the likeliest mistakes first."""
    if isinstance(old, str):
        others = [text for text in subject.around.texts.get(name, ()) if text != old]
        drawn = [chooser.choice(others) for _ in range(8)] if others else []
        return [*drawn, *sorted(MADE_UP, key=lambda _: chooser.random.random())]
    steps = sorted((1, 2, 5, 10, 25, 50), key=lambda _: chooser.random.random())
    return [old + sign * step for step in steps for sign in (1, -1)]


def _with_value(value: Any, parts: Sequence[str], new: Any) -> Any:
    """A copy of a JSON value with another one at this place."""
    if not parts:
        return new
    first, *rest = parts
    if isinstance(value, Mapping):
        return {key: _with_value(item, rest, new) if key == first else item for key, item in value.items()}
    return [_with_value(item, rest, new) if str(at) == first else item for at, item in enumerate(value)]
