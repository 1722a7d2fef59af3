"""Whether a find stands for many: fresh cases around it are asked, and where a quarter of them fails too it is a hole.

What search finds is no sample, so it says nothing of how often people meet it. A neighbour keeps all that a reduced
case consists of (its tools, its conversation, what is right), and draws anew what is around it: up to three tools more,
the order of all, and how politely the request is said. A stray find fails alone; a hole fails whatever stands around.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

from fixtures.choosing import SeededChooser
from fixtures.grammar.tools import draw_catalog
from fixtures.grammar.values import spoken_name
from fixtures.types import Case, Tool
from fixtures.vocab import Chooser
from suite.exam.scene import Scene
from suite.judging.contract import Contract
from suite.lanes.asking import Asker
from suite.outcome import Broken, Counterexample, Verdict
from suite.results.cases import case_to_json
from suite.results.wording import beginning

COUNT = 24
MOST_BESIDE = 3
WRAPPED = (
    "{a}", "please {a}", "{a} please", "hi, {a}", "ok, {a}", "hey, {a}", "{a}, thanks", "so, {a}", "now {a}",
    "well, {a}", "hello, {a}", "one thing: {a}",
)  # fmt: skip


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
    """`count` different cases around this one, decided by the case alone."""
    name = hashlib.sha256(json.dumps(case_to_json(case), sort_keys=True).encode()).hexdigest()[:16]
    found: dict[str, Case] = {}
    for drawn in _drawn(case, scene, name):
        found.setdefault(f"{drawn.catalog.names} {drawn.request}", drawn)
        if len(found) == count:
            break
    return list(found.values())


def _drawn(case: Case, scene: Scene, name: str) -> Iterator[Case]:
    place = max(n for n, message in enumerate(case.messages) if message["role"] == "user")
    for number in range(20 * COUNT):
        chooser = SeededChooser(f"neighbour:{name}:{number}")
        tools = _shuffled([*case.catalog.tools, *_beside(case, scene, chooser)], chooser)
        text = chooser.choice(WRAPPED).format(a=case.messages[place]["content"])
        messages = (*case.messages[:place], {**case.messages[place], "content": text}, *case.messages[place + 1 :])
        yield replace(case, catalog=replace(case.catalog, tools=tuple(tools)), messages=messages)


def _beside(case: Case, scene: Scene, chooser: Chooser) -> list[Tool]:
    """A few drawn tools that have nothing to do with the conversation."""
    said = json.dumps([case_to_json(case)["messages"], list(case.catalog.names)]).casefold()
    drawn = [spoken.tool for spoken in draw_catalog(scene.words, chooser, chooser.integer(1, MOST_BESIDE))]
    return [tool for tool in drawn if not any(word in said for word in spoken_name(tool.name).casefold().split()[1:])]


def _shuffled(tools: list[Tool], chooser: Chooser) -> list[Tool]:
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
