"""Which of the phrases that a model gave may stand in a catalog: orders that a person could say, each for one tool."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from fixtures.speech.phrases import phrases_of, sounds
from fixtures.types import Tool

MOST_WORDS = 12
"""What people say in one breath, and a little more."""
_PLACEHOLDER = re.compile(r"[{}<>\[\]|\\`_]|\$\w")
_NO_ORDERS = frozenset(
    "please can could would will i we you what which who whose how why when where is are the".split()
)
SHARED = "another tool is asked for with it too"
LESS = "it leaves out what tells another tool apart"


def clean(phrase: str) -> tuple[str, str]:
    """The phrase without what stands around it, and why it is none; the reason is empty where it is one."""
    if not phrase.isprintable():
        return phrase, "it has control characters"
    plain = " ".join(phrase.split()).strip(" .!?\"'")
    words = plain.split(" ")
    if len(words) < 2 or not all(any(map(str.isalnum, word)) for word in words):
        return plain, "it is no order of two words or more"
    if len(words) > MOST_WORDS:
        return plain, f"it has more than {MOST_WORDS} words"
    if _PLACEHOLDER.search(plain):
        return plain, "it has a placeholder"
    if words[0].casefold().strip(",") in _NO_ORDERS or not words[0][0].isalpha():
        return plain, "it does not begin with a verb"
    return plain, ""


def sifted(
    tools: Sequence[Tool], given: Mapping[str, Sequence[str]], asked: Mapping[str, Sequence[str]]
) -> tuple[dict[str, list[str]], list[tuple[str, str, str]]]:
    """For each tool the phrases that stay, of those that the model was `asked` for, beside those that were `given`; and
    those that are dropped, as tool, phrase and reason."""
    kept: dict[str, list[str]] = {}
    dropped: list[tuple[str, str, str]] = []
    for name, phrases in asked.items():
        heard: set[str] = set()
        for phrase in phrases:
            plain, why = clean(phrase)
            if why:
                dropped.append((name, phrase, why))
            elif sounds(plain) not in heard:
                heard.add(sounds(plain))
                kept.setdefault(name, []).append(plain)
    alone = phrases_of(tools, {**kept, **given})
    words = {name: [frozenset(sounds(one).split()) for one in said] for name, said in alone.items()}
    for name, phrases in kept.items():
        others = [one for other, said in words.items() if other != name for one in said]
        for phrase in list(phrases):
            why = "" if phrase in alone[name] else SHARED
            if not why and any(frozenset(sounds(phrase).split()) < other for other in others):
                why = LESS
            if why:
                phrases.remove(phrase)
                dropped.append((name, phrase, why))
    return {name: phrases for name, phrases in kept.items() if phrases}, dropped
