"""The user's own rows as a source of language: requests taken apart, by their tool. See docs/exam.md."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fixtures.catalogs import SpokenCatalog
from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.formats.bounded import OutOfBounds
from fixtures.grammar.tools import SpokenTool
from fixtures.grammar.values import spoken_name
from fixtures.grounding import normal
from fixtures.rows.acceptable import KEY, with_answer
from fixtures.rows.checks import Fault
from fixtures.rows.draft import NOT_GIVEN
from fixtures.rows.files import records
from fixtures.rows.reading import Reader, Row
from fixtures.sentences.pointers import parts_of, with_value
from fixtures.sentences.pools import Pools
from fixtures.sentences.sentence import Sentence, take_apart, with_others
from fixtures.sentences.unsaid import Choices, choices_of, unjudged
from fixtures.speech.phrases import phrases_of
from fixtures.types import Message, ToolCall, assistant, user
from suite.exam.own import digest_of, refused
from suite.exam.row_catalogs import RowCatalogs

OPTION = "--examples"
SEVERAL = "make several calls at once"
LATER = "do not begin with a request and its answer"
OTHERWISE = "accept more than one answer"
NO_TOOLS = "have no tools"
TOOLS, ANSWERS = "ask what other rows answer with another tool", "ask what other rows answer otherwise"
AGAIN = "are the same as another row"


@dataclass(frozen=True, slots=True)
class Opening:
    """The first request of a row and the one call that answers it, or none; whose tools it may use."""

    text: str
    call: ToolCall | None
    catalog: int = -1

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        return (self.call,) if self.call else ()


@dataclass(frozen=True, slots=True)
class Examples:
    """The rows of all files as the exam uses them.

    `catalogs` are the given ones with their sentences, and behind them those that the rows bring. `files` has the
    content hash of each file, `aside` how many rows are left aside and why. `asked` are the requests that are used.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    catalogs: tuple[SpokenCatalog, ...] = ()
    rows: int = 0
    asked: tuple[Opening, ...] = ()
    aside: Mapping[str, int] = field(default_factory=dict)
    plain: tuple[SpokenCatalog, ...] = ()
    """The same catalogs without the sentences."""

    @property
    def sentences(self) -> list[Sentence]:
        """All sentences that tools are asked for with."""
        return [one for catalog in self.catalogs for spoken in catalog.spoken for one in spoken.sentences]

    @property
    def requests(self) -> list[tuple[str, tuple[ToolCall, ...]]]:
        """What each row that is used asks, and its answer."""
        return [(one.text, one.calls) for one in self.asked]

    @property
    def unsaid(self) -> Counter[str]:
        """In how many sentences an argument is not judged because nobody says it, by argument."""
        return Counter(name for one in self.sentences for name in unjudged([one.wanted]))


def read_examples(files: Sequence[str], given: Sequence[SpokenCatalog], form: Format) -> Examples:
    """The rows of these files; raises one UserError that names all that cannot be read, or a file without any use.

    `given` are the catalogs under test: rows without tools mean them, and sentences are for their tools. Rows with
    tools of their own that none of these has make catalogs themselves.
    """
    declared = tuple(tuple(spoken.catalog.declarations()) for spoken in given)
    rows = Reader(declared, file_option=OPTION, tools_option="--catalog")
    brought = RowCatalogs(given)
    openings: list[Opening] = []
    calls: list[ToolCall] = []
    aside: Counter[str] = Counter()
    bad: dict[str, list[Fault]] = {}
    count = 0
    for file in dict.fromkeys(files):
        for record in records(Path(file), OPTION):
            count += 1
            row, draft = rows.row_of(record.number, with_answer(record.value))
            found = row if isinstance(row, Fault) else _opening(row, record.value, form)
            if isinstance(found, Fault):
                bad.setdefault(file, []).append(found)
                continue
            assert isinstance(row, Row)
            calls += _calls(row.messages)
            if isinstance(found, str):
                aside[found] += 1
            elif (home := brought.home(file, found.call, row.tools, draft is None or draft.tools is not NOT_GIVEN)) < 0:
                aside[NO_TOOLS] += 1
            else:
                openings.append(replace(found, catalog=home))
    if bad:
        raise refused(OPTION, bad)
    used, left = _without_contradictions(openings, brought, choices_of(calls))
    aside.update(left)
    if not used:
        why = "; ".join(f"{number} {reason}" for reason, number in aside.items()) or "there is no row in them"
        raise UserError(f"{OPTION} {', '.join(files)}", f"no row can be asked as an example: {why}")
    plain, choices = brought.catalogs(), choices_of(calls)
    catalogs = _speaking(plain, used, choices, Pools.of(calls, choices))
    hashes = {file: digest_of(Path(file)) for file in dict.fromkeys(files)}
    return Examples(hashes, catalogs, count, used, dict(aside), plain)


def _opening(row: Row, data: Any, form: Format) -> Opening | str | Fault:
    """What is asked first and what answers it; or why the row is left aside; or what a format cannot write."""
    if data.get(KEY) is not None:
        return OTHERWISE
    messages = [message for message in row.messages if message["role"] not in ("system", "developer")]
    if len(messages) < 2 or messages[0]["role"] != "user" or messages[1]["role"] != "assistant":
        return LATER
    calls = list(_calls(messages[1:2]))
    text = messages[0].get("content")
    if not isinstance(text, str) or not text.strip():
        return LATER
    if len(calls) > 1:
        return SEVERAL
    try:
        form.check([user(text), assistant(calls, "" if calls else "No.")], row.tools)
    except OutOfBounds:
        raise
    except UserError as error:
        return Fault(row.line, "", f"{error.where}: {error.problem}")
    return Opening(text, calls[0] if calls else None)


def _calls(messages: Iterable[Message]) -> Iterator[ToolCall]:
    for message in messages:
        for call in message.get("tool_calls") or ():
            yield ToolCall(call["function"]["name"], call["function"]["arguments"])


def _without_contradictions(
    openings: Sequence[Opening], catalogs: RowCatalogs, choices: Choices
) -> tuple[tuple[Opening, ...], Counter[str]]:
    """Each request once; none that is answered in two ways that are told apart, for which there is no right answer."""
    same: dict[tuple[int, str], list[Opening]] = defaultdict(list)
    for one in openings:
        same[one.catalog, normal(one.text)].append(one)
    kept: list[Opening] = []
    left: Counter[str] = Counter()
    for group in same.values():
        tools = {one.call.name if one.call else "" for one in group}
        answers = {_judged(one, catalogs, choices) for one in group}
        if len(answers) > 1:
            left[TOOLS if len(tools) > 1 else ANSWERS] += len(group)
        else:
            kept.append(group[0])
            left[AGAIN] += len(group) - 1
    return tuple(kept), +left


def _judged(one: Opening, catalogs: RowCatalogs, choices: Choices) -> str:
    """What of the answer is judged, as a text."""
    if one.call is None:
        return ""
    wanted = take_apart(one.text, one.call, catalogs.schema(one.catalog, one.call.name), choices).wanted
    arguments: Any = dict(wanted.arguments)
    for name in wanted.any:
        parts = parts_of(name) if name.startswith("/") else [name]
        arguments = with_value(arguments, parts, None)
    return json.dumps([wanted.name, arguments], sort_keys=True, ensure_ascii=False)


def _speaking(
    catalogs: Sequence[SpokenCatalog], used: Sequence[Opening], choices: Choices, pools: Pools
) -> tuple[SpokenCatalog, ...]:
    """The catalogs with the sentences for their tools, and the requests that none of them serves."""
    spoken: list[SpokenCatalog] = []
    for number, catalog in enumerate(catalogs):
        here = [one for one in used if one.catalog == number]
        sentences: dict[str, list[Sentence]] = defaultdict(list)
        for one in here:
            if one.call:
                schema = catalog.catalog[one.call.name].parameters
                sentence = take_apart(one.text, one.call, schema, choices)
                sentences[one.call.name].append(with_others(sentence, pools.others(sentence), choices))
        idle = tuple(one.text for one in here if one.call is None)
        spoken.append(_with_sentences(catalog, sentences, idle))
    return tuple(spoken)


def _with_sentences(
    catalog: SpokenCatalog, sentences: Mapping[str, Sequence[Sentence]], idle: tuple[str, ...]
) -> SpokenCatalog:
    """A tool that has sentences is asked for with them, also one for which no values could be made up."""
    known = {one.tool.name: one for one in catalog.spoken}
    tools: list[SpokenTool] = []
    for tool in catalog.catalog.tools:
        spoken = known.get(tool.name)
        if tool.name in sentences:
            bare = spoken or SpokenTool(
                tool, phrases_of([tool])[tool.name] or (f"use {spoken_name(tool.name) or tool.name}",), ()
            )
            tools.append(replace(bare, language="examples", sentences=tuple(sentences[tool.name])))
        elif spoken:
            tools.append(spoken)
    silent = tuple(fault for fault in catalog.unaskable if fault.tool not in sentences)
    return replace(catalog, spoken=tuple(tools), unaskable=silent, idle=idle)
