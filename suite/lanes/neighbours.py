"""Whether a find stands for many: fresh cases around it are asked, and where a quarter of them fails too it is a hole.

What search finds is no sample, so it says nothing of how often people meet it. A find consists of three parts: the
tools that are declared, the words of the request, and the values that these say. Its neighbours are of three sorts,
taken in turn; in each of them one part at least is drawn anew (docs/trust.md has the table):

- *words*: the tools and values of the find, the request in other words
- *tools*: the words and values of the find, with other tools around what the right answer needs
- *values*: the tools of the find, asked for in other words with other values

So what lies in one part, whichever it is, shows in a third of them at least, what lies in tools and values together or
in words and values together as well; and a find that comes of chance, or of all its parts together, stays alone. Where
nobody knows how to ask for what a request is about, its words stay, and only its manner is drawn anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from fixtures.grammar.requests import Asked, say
from fixtures.grammar.speaking import speak_of_all
from fixtures.grammar.tools import SpokenTool, draw_catalog
from fixtures.grammar.values import draw_value, in_order, spoken_name
from fixtures.types import Case, Oracle, Tool, ToolCall
from fixtures.vocab import Chooser
from suite.exam.cases import naming_outright
from suite.exam.scene import MOST_LETTERS, Scene
from suite.judging.contract import Contract
from suite.lanes.asking import Asker
from suite.lanes.reduce import called
from suite.outcome import Broken, Counterexample, Verdict
from suite.results.cases import case_to_json
from suite.results.wording import beginning

COUNT = 24
SORTS = ("words", "tools", "values")
MOST_BESIDE = 3
MANNERS = (
    "{a}", "please {a}", "{a} please", "hi, {a}", "ok, {a}", "hey, {a}", "{a}, thanks", "so, {a}", "now {a}",
    "well, {a}", "hello, {a}", "one thing: {a}",
)  # fmt: skip
_TRIES = 20
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


def confirmed(
    contract: Contract, examples: Sequence[Counterexample], asker: Asker, scene: Scene
) -> tuple[Counterexample, ...]:
    """The counterexamples; each that search found, or that was known, with how many of its neighbours fail too."""
    return tuple(
        example if example.lane == "measure" else _confirmed(contract, example, asker, scene) for example in examples
    )


def _confirmed(contract: Contract, example: Counterexample, asker: Asker, scene: Scene) -> Counterexample:
    cases = neighbours(example.case, scene)
    replies = asker.ask(cases, "neighbours")
    broken = sum(isinstance(contract.judge(c, reply), Broken) for c, reply in zip(cases, replies, strict=True))
    return replace(example, neighbours=len(cases), broken_beside=broken)


def neighbours(case: Case, scene: Scene, count: int = COUNT) -> list[Case]:
    """`count` different cases around this one, as many of each sort, decided by the case alone."""
    name = hashlib.sha256(json.dumps(case_to_json(case), sort_keys=True).encode()).hexdigest()[:16]
    subject = subject_of(case, scene)
    seen = {_key(case)}
    found: list[Case] = []
    for number in range(_TRIES * count):
        if len(found) == count:
            break
        # A sort that has run out of cases keeps its turn; what is drawn in vain is drawn again.
        chooser = SeededChooser(f"neighbour:{name}:{number}")
        drawn = _drawn(SORTS[len(found) % len(SORTS)], case, subject, scene, chooser)
        if (key := _key(drawn)) not in seen:
            seen.add(key)
            found.append(drawn)
    return found


def _key(case: Case) -> str:
    return f"{case.catalog.names} {case.request}"


def _drawn(sort: str, case: Case, subject: Subject | None, scene: Scene, chooser: Chooser) -> Case:
    """One neighbour of this sort."""
    kept = list(case.catalog.tools)
    if sort == "tools":
        kept = _others(case, scene, chooser)
    elif subject:
        case = subject.reworded(case, scene, chooser, same_values=sort == "words")
    else:
        case = _in_another_manner(case, chooser)
    tools = _shuffled([*kept, *_beside(case, kept, scene, chooser)], chooser)
    return replace(case, catalog=replace(case.catalog, tools=tuple(tools)))


def _in_another_manner(case: Case, chooser: Chooser) -> Case:
    place = last_request(case)
    text = chooser.choice(MANNERS).format(a=case.messages[place]["content"])
    messages = (*case.messages[:place], {**case.messages[place], "content": text}, *case.messages[place + 1 :])
    return replace(case, messages=messages)


def _others(case: Case, scene: Scene, chooser: Chooser) -> list[Tool]:
    """What the right answer and the conversation need, with other tools of the same catalog, or drawn ones, in the
    place of the rest. What is declared for what no other serves stays."""
    needed = {*called(case), case.catalog.fallback, case.absent.tool.name if case.absent else ""}
    kept = [tool for tool in case.catalog.tools if tool.name in needed]
    wanted = max(1, min(len(case.catalog.tools) - len(kept), scene.largest))
    # Where nobody knows what is asked for, another tool of the catalog may be just that.
    known = case.absent or case.oracle.calls
    given = [one for one in scene.catalogs if known and one.catalog.name == case.catalog.name]
    spare = [s.tool for one in given for s in one.spoken if s.tool.name not in {*needed, *case.catalog.names}]
    letters = given[0].letters if given else {}
    spare = [tool for tool in spare if letters.get(tool.name, 0) <= MOST_LETTERS]
    drawn = _shuffled(spare, chooser)[:wanted]
    for _ in range(_TRIES):
        drawn = drawn or _unrelated(case, kept, scene, chooser, wanted)
    return [*kept, *drawn] or list(case.catalog.tools)


def _beside(case: Case, kept: Sequence[Tool], scene: Scene, chooser: Chooser) -> list[Tool]:
    return _unrelated(case, kept, scene, chooser, chooser.integer(1, MOST_BESIDE))


def _unrelated(case: Case, kept: Sequence[Tool], scene: Scene, chooser: Chooser, count: int) -> list[Tool]:
    """So many drawn tools at most, that have nothing to do with the conversation, nor with what it asks for."""
    about = [tool.name for tool in (*kept, *([case.absent.tool] if case.absent else []))]
    said = json.dumps([case_to_json(case)["messages"], about]).casefold()
    drawn = [spoken.tool for spoken in draw_catalog(scene.words, chooser, count)]
    return [tool for tool in drawn if not any(word in said for word in spoken_name(tool.name).casefold().split()[1:])]


def _shuffled(tools: Sequence[Tool], chooser: Chooser) -> list[Tool]:
    left = list(tools)
    return [left.pop(chooser.integer(0, len(left) - 1)) for _ in range(len(left))]


def with_holes(verdict: Verdict, examples: Sequence[Counterexample]) -> Verdict:
    """A hole fails a contract by name, whatever the sample says."""
    holes = [example for example in examples if example.is_hole]
    if not holes:
        return verdict
    told = [
        f'"{beginning(example.case.request, 60)}" ({example.broken_beside} of {example.neighbours} around it fail)'
        for example in holes
    ]
    word = "a hole" if len(holes) == 1 else f"{len(holes)} holes"
    return Verdict("fail", f"{word}: {', '.join(told)}; in the sample, {verdict.reason}")
