"""What came of cases by where their words come from and by the tool they ask for, and of the rows that are examples."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from fixtures.sentences.unsaid import unjudged
from fixtures.types import Case
from suite.exam.scene import Scene
from suite.exam.tools import tools_of
from suite.figures import Slice, ToolReport
from suite.judging.judged import Judged, tally_of
from suite.results.languages import SHORT
from suite.statistics.sequential import confidence_sequence
from suite.user_rows import ExampleReport, Unjudged

LANGUAGE, CONTRACT = "language", "contract"
ORDER = ("examples", "phrases", "descriptions", "drawn", "exam")


def by_language(judged: Sequence[Judged]) -> tuple[Slice, ...]:
    """What was measured of each language, people's own first; nothing where no case says its language."""
    parts = ([j for j in judged if j.case.language == name] for name in ORDER)
    found = (_slice(LANGUAGE, name, part) for name, part in zip(ORDER, parts, strict=True))
    return tuple(part for part in found if part)


def _slice(by: str, name: str, judged: Sequence[Judged]) -> Slice | None:
    """What was measured of these, with an interval that holds whenever the gate stopped; None without any."""
    tally = tally_of(j for j in judged if j.lane == "measure")
    if not tally.trials:
        return None
    return Slice(by, name, tally.held, tally.trials, confidence_sequence(tally.held, tally.trials))


def by_tool(scene: Scene, judged: Mapping[str, Sequence[Judged]]) -> tuple[ToolReport, ...]:
    """Every tool of the given catalogs: by whose words it was asked for, how often, and what was kept of `SHORT`."""
    asked: dict[tuple[str, str], set[str]] = defaultdict(set)
    kept: dict[tuple[str, str, str], list[Judged]] = defaultdict(list)
    for contract, cases in judged.items():
        for one in cases:
            if one.lane != "measure":
                continue
            for name in {call.name for call in one.case.oracle.calls or ()}:
                asked[one.case.catalog.name, name].add(_request_of(one.case))
                kept[one.case.catalog.name, name, contract].append(one)
    return tuple(
        replace(
            tool,
            asked=len(asked[tool.catalog, tool.tool]),
            kept=tuple(filter(None, (_slice(CONTRACT, c, kept[tool.catalog, tool.tool, c]) for c in SHORT))),
        )
        for tool in tools_of(scene)
    )


def _request_of(case: Case) -> str:
    return json.dumps([case.messages, case.catalog.names], ensure_ascii=False, default=str)


def unjudged_of(cases: Iterable[Case]) -> Unjudged:
    """How much of these requests was not judged; of those that are asked several times, each once."""
    different = {_request_of(case): case for case in cases}
    counts: Counter[str] = Counter()
    requests = asked = 0
    for case in different.values():
        names = {name for wanted in case.oracle.acceptable[:1] for name in unjudged(wanted)}
        asked += bool(case.oracle.calls)
        requests += bool(names)
        counts.update(names)
    return Unjudged(asked, requests, dict(counts.most_common()))


def example_report(scene: Scene, judged: Iterable[Judged], taught: str) -> ExampleReport | None:
    """The rows that are examples, and what of the measured requests in their words was not judged."""
    read = scene.examples
    if not read.rows:
        return None
    sentences = read.sentences
    measured = (j.case for j in judged if j.lane == "measure" and j.case.language == "examples")
    return ExampleReport(
        files=read.files,
        rows=read.rows,
        sentences=len(sentences),
        slotted=sum(bool(one.slots) for one in sentences),
        no_call=sum(len(catalog.idle) for catalog in read.catalogs),
        aside=dict(read.aside),
        tools={spoken.tool.name: spoken.language for catalog in scene.catalogs for spoken in catalog.spoken},
        unjudged=unjudged_of(measured),
        trained=taught,
    )
