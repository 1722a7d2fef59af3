"""Where an argument's value comes from: the conversation, the tool's own declaration, or nowhere.

A value is matched as people say it: whatever the case and the spacing, numbers as digits or as words, dates in ISO form
or with the month's name. Booleans and null name nothing, so they need no source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from fixtures.grammar.values import number_word
from fixtures.types import Case, Message

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?")
_MONTHS = "january february march april may june july august september october november december".split()
_LARGE = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
_SPOKEN = {number_word(n): n for n in range(100)} | {number_word(n).replace("-", " "): n for n in range(100)}
_WORDS = re.compile(r"\b(" + "|".join(sorted(map(re.escape, {*_SPOKEN, *_LARGE}), key=len, reverse=True)) + r")\b")


def ungrounded(case: Case, tool_name: str, arguments: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The values that nothing in the case accounts for, as (JSON pointer, value); empty if all have a source."""
    tool = case.catalog[tool_name]
    text = normal(" \n ".join(said(case.messages)))
    numbers = numbers_in(text)
    return [
        (pointer, value)
        for pointer, value, schema in leaves(arguments, tool.parameters)
        if value not in declared(schema) and not _said(value, text, numbers)
    ]


def said(messages: Sequence[Message]) -> Iterator[str]:
    """What users and tools have said, and the calls that were made on their behalf."""
    for message in messages:
        content = message.get("content")
        if message["role"] in ("user", "tool", "developer", "system") and content:
            yield content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        for call in message.get("tool_calls") or ():
            yield json.dumps(call["function"]["arguments"], ensure_ascii=False)


def leaves(value: Any, schema: Any, pointer: str = "") -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Strings and numbers within a value, each with its JSON pointer and the schema that declares it."""
    known: Mapping[str, Any] = schema if isinstance(schema, Mapping) else {}
    if isinstance(value, Mapping):
        for name, inner in value.items():
            part = name.replace("~", "~0").replace("/", "~1")
            yield from leaves(inner, (known.get("properties") or {}).get(name), f"{pointer}/{part}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from leaves(inner, known.get("items"), f"{pointer}/{index}")
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield pointer, value, known


def declared(schema: Mapping[str, Any]) -> list[Any]:
    """Values that the declaration itself offers."""
    return [*(schema.get("enum") or ()), *(schema[key] for key in ("const", "default") if key in schema)]


def normal(text: str) -> str:
    """Text as it is compared: case folded, any white space one blank."""
    return " ".join(text.casefold().split())


def numbers_in(text: str) -> set[float]:
    """Numbers that a normal text tells, in digits or as words up to ninety-nine and round ones beyond."""
    found = {float(digits) for digits in _NUMBER.findall(text)}
    for word in _WORDS.findall(text):
        found.add(float(_SPOKEN.get(word, _LARGE.get(word, 0))))
    return found


def _said(value: str | float, text: str, numbers: set[float]) -> bool:
    if not isinstance(value, str):
        return float(value) in numbers or -float(value) in numbers
    wanted = normal(value)
    return not wanted or _stands_in(wanted, text) or _number_said(wanted, numbers) or _date_said(value, text)


def _stands_in(wanted: str, text: str) -> bool:
    """Whether the words stand in the text whole: `la-5` is not said by `la-53`."""
    # By hand: a regular expression for each of many values takes a hundred times as long to go through a long text.
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        joined = at > 0 and wanted[0].isalnum() and _is_word(text[at - 1])
        if not joined and not (end < len(text) and wanted[-1].isalnum() and _is_word(text[end])):
            return True
        at = text.find(wanted, at + 1)
    return False


def _is_word(letter: str) -> bool:
    return letter.isalnum() or letter == "_"


def _number_said(wanted: str, numbers: set[float]) -> bool:
    return _NUMBER.fullmatch(wanted) is not None and float(wanted) in numbers


def _date_said(value: str, text: str) -> bool:
    """An ISO date or moment whose day, month and, if it is told, year stand in the text in words; the time as HH:MM."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return False
    day: date = moment.date()
    time = f"{moment:%H:%M}" if "T" in value or " " in value else ""
    in_iso = day.isoformat() in text
    in_words = _MONTHS[day.month - 1][:3] in text and re.search(rf"(?<!\d){day.day}(?!\d)", text) is not None
    return (in_iso or in_words) and (not time or time in text or f"{moment:%H:%M}".lstrip("0") in text)
