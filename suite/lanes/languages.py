"""What came of cases by where their words come from, and of the rows that are examples."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from fixtures.sentences.unsaid import unjudged
from fixtures.types import Case
from suite.exam.scene import Scene
from suite.judging.judged import Judged, tally_of
from suite.outcome import Slice
from suite.statistics.sequential import confidence_sequence
from suite.user_rows import ExampleReport, Unjudged

LANGUAGE = "language"
ORDER = ("examples", "phrases", "descriptions", "drawn")


def by_language(judged: Sequence[Judged]) -> tuple[Slice, ...]:
    """What was measured of each language, people's own first; nothing where no case says its language."""
    found = []
    for name in ORDER:
        tally = tally_of(j for j in judged if j.lane == "measure" and j.case.language == name)
        if tally.trials:
            rate = confidence_sequence(tally.held, tally.trials)
            found.append(Slice(LANGUAGE, name, tally.held, tally.trials, rate))
    return tuple(found)


def unjudged_of(cases: Iterable[Case]) -> Unjudged:
    """How much of these requests was not judged; of those that are asked several times, each once."""
    different = {
        json.dumps([case.messages, case.catalog.names], ensure_ascii=False, default=str): case for case in cases
    }
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
