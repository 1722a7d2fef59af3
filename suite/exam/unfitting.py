"""Requests that no declared tool is for, and requests that lack what a tool needs: what is right is not to call.

What a reply should do where nothing fits is the catalog's policy (`suite.exam.cases.keeps_policy`).
"""

from __future__ import annotations

import re

from fixtures.grammar.requests import say
from fixtures.grammar.tools import SpokenTool
from fixtures.grammar.values import Parameter, draw_value
from fixtures.types import Case, Missing, Oracle, user
from fixtures.vocab import Chooser
from suite.exam.cases import masked
from suite.exam.scene import Scene, Stage

NEGATED = (
    "do not {a}", "don't {a}", "please do not {a}, it is fine as it is", "no need to {a}, thanks",
    "whatever happens, do not {a}", "never mind, don't {a} after all", "leave it as it is and do not {a}",
)  # fmt: skip
ABOUT_THE_TOOLS = (
    "what can you do?", "which tools do you have?", "what are you able to help me with?", "how do you work?",
    "can you tell me what you can do for me?", "what sort of things may I ask you?", "do you have a list of functions?",
)  # fmt: skip
SMALL_TALK = (
    "hi there!", "good morning", "how are you today?", "thanks a lot, that was quick", "you are very kind",
    "nice to meet you", "haha, that was funny", "I am a bit tired today", "see you tomorrow", "have a nice evening",
    "what a lovely day", "ok, great", "sorry, I was talking to somebody else",
)  # fmt: skip
ANOTHER_WISH = (
    "write a short poem about someone who has to {a}", "why would anybody want to {a}?",
    "what does it mean to {a}, in general?", "is it hard to learn how to {a}?", "tell me a joke about people who {a}",
    "how do you say '{a}' in French?", "how many words are there in '{a}'?", "who was the first person to {a}?",
)  # fmt: skip
_SAYS_ANYTHING = re.compile(
    r"\b(ask|answer|chat|draft|explain|fetch|find|generate|google|help|joke|language|lookup|message|note|poem|post|query|"
    r"question|read|reply|say|search|send|speak|talk|tell|text|think|translate|wiki\w*|web|write)",
    re.IGNORECASE,
)
"""Of a tool that may well serve a question about anything."""
_DEFAULT = re.compile(
    r"\b(defaults?|optional|current|if not (given|specified|provided)|if no \w+ (is )?(given|specified|provided)|"
    r"use ['\"\u2018\u201c]?\w+['\"\u2019\u201d]? as)\b",
    re.IGNORECASE,
)
"""Of a description that says what is meant if nobody says it."""
_ANSWERS_ANYTHING = re.compile(r"\b(chat|help|list tools|talk|capabilit\w+|think|small ?talk)\b", re.IGNORECASE)
"""Of a tool that small talk, or a question about the tools, may well be for."""
_MOST_DRAWS = 50
_GUESSED = ("boolean", "enum", "list", "object", "text")
"""Kinds of values that a reply might guess, leave empty or write itself, and be right."""
_WRITTEN = re.compile(r"(^| )(expression|formula|prompt|query|subject|summary|thought|title)$", re.IGNORECASE)
"""Of a parameter whose value is for the reply to word."""


def nothing_fits(scene: Scene, chooser: Chooser) -> Case:
    """A request that no declared tool is for: half of them lack their tool, the others never were for one."""
    if chooser.chance(50):
        return masked(scene, chooser)
    return chooser.choice([negated, another_wish, about_the_tools, small_talk])(scene, chooser)


def negated(scene: Scene, chooser: Chooser) -> Case:
    """The request says what not to do; masked where some tool has to be called all the same."""
    stage = scene.stage(chooser)
    if stage.policy == "must_choose":
        return masked(scene, chooser)
    action = chooser.choice(chooser.choice(stage.tools).actions)
    return _unfit(stage, chooser.choice(NEGATED).format(a=action), "negated")


def another_wish(scene: Scene, chooser: Chooser) -> Case:
    """The words are those of a declared tool, and the wish is another; masked where a tool may serve any wish."""
    stage = scene.stage(chooser)
    if _any(stage, _SAYS_ANYTHING):
        return masked(scene, chooser)
    action = chooser.choice(chooser.choice(stage.tools).actions)
    return _unfit(stage, chooser.choice(ANOTHER_WISH).format(a=action), "another wish")


def about_the_tools(scene: Scene, chooser: Chooser) -> Case:
    """A question about what there is, which no tool answers; masked where one may."""
    stage = scene.stage(chooser)
    if _any(stage, _ANSWERS_ANYTHING):
        return masked(scene, chooser)
    return _unfit(stage, chooser.choice(ABOUT_THE_TOOLS), "about the tools")


def small_talk(scene: Scene, chooser: Chooser) -> Case:
    """Nothing is asked for; masked where a tool talks."""
    stage = scene.stage(chooser)
    if _any(stage, _ANSWERS_ANYTHING):
        return masked(scene, chooser)
    return _unfit(stage, chooser.choice(SMALL_TALK), "small talk")


def _any(stage: Stage, pattern: re.Pattern[str]) -> bool:
    """Whether a declared tool's name or description has this."""
    return any(pattern.search(_plain(f"{tool.name} {tool.description}")) for tool in stage.catalog().tools)


def _unfit(stage: Stage, text: str, kind: str) -> Case:
    return Case(stage.catalog(), (user(text),), Oracle(calls=()), kind, language="exam")


def _plain(name: str) -> str:
    """Words of names set apart: `sendMessage`, `send_message`."""
    return re.sub(r"[_.\-/]", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))


def lacking(scene: Scene, chooser: Chooser) -> Case:
    """A request for a declared tool that leaves out a value the tool needs, and that nobody could guess.

    Where no tool of the catalogs needs such a value, one that is masked, of which nothing is missing.
    """
    for _ in range(_MOST_DRAWS):
        stage = scene.stage(chooser)
        able = [
            (spoken, left) for spoken in stage.tools if (left := [p for p in spoken.parameters if _needed(p, spoken)])
        ]
        if able:
            spoken, left = chooser.choice(able)
            return _without(stage, spoken, chooser.choice(left), scene, chooser)
    return masked(scene, chooser)


def _without(stage: Stage, spoken: SpokenTool, missing: Parameter, scene: Scene, chooser: Chooser) -> Case:
    said = [p for p in spoken.parameters if p is not missing and (p.required or chooser.chance(45))]
    asked = say(spoken, said, {p.name: draw_value(p, scene.words, chooser) for p in said}, chooser)
    oracle = Oracle(calls=None, missing=Missing(spoken.tool.name, missing.name))
    return Case(stage.catalog(), (user(asked.text),), oracle, "value missing", language=asked.language)


def _needed(parameter: Parameter, spoken: SpokenTool) -> bool:
    """Whether the tool cannot be called without a value that only a person knows."""
    schema = spoken.tool.parameters.get("properties", {}).get(parameter.name)
    offered = {"default", "enum", "const", "examples"}
    plain = (
        isinstance(schema, dict) and not offered & schema.keys() and not _defaults(str(schema.get("description", "")))
    )
    if _WRITTEN.search(parameter.spoken):
        return False
    required = parameter.name in spoken.tool.parameters.get("required", ())
    return plain and required and parameter.required and parameter.kind not in _GUESSED


def _defaults(told: str) -> bool:
    return _DEFAULT.search(told) is not None
