"""What came of the user's own rows, beyond the verdict: by tag, tool and kind, tool by tool, what is broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from suite.exam.outside.posed import IRRELEVANCE
from suite.exam.own import OwnCase, OwnCases
from suite.judging.judged import Judged
from suite.lanes.languages import unjudged_of
from suite.outcome import Broken, Held, OwnReport, Slice
from suite.results.wording import beginning
from suite.statistics.sequential import confidence_sequence
from suite.user_rows import BrokenRow, Called

NO_CALL, UNREADABLE = "no call", "nothing that can be read"
FIRST_WORDS, NAMED = 60, 10
"""Letters of a request by which a verdict names a broken regression case, and how many it names; the report has all."""
_BY = ("tag", "tool", "kind")
COUNTED_OTHERWISE = "irrelevance, as the leaderboard counts: nothing that can be called"
Answered = tuple[OwnCase, Judged]


def report_of(own: OwnCases, judged: Iterable[Judged], trained: str) -> OwnReport:
    """The report on what was judged of these rows, by however many contracts."""
    rows = _by_case(own)
    answered = [(rows[case], j) for case, j in {id(j.case): j for j in judged}.items() if case in rows]
    broken = [_broken_row(one, j) for one, j in answered if isinstance(j.outcome, Broken)]
    return OwnReport(
        files=own.files,
        rows=len(own.rows),
        must=len(own.must),
        asked=len(answered),
        same=own.same,
        trained=trained,
        slices=_slices([(one, j) for one, j in answered if not one.must]),
        called=_called(answered),
        contrary=own.contrary,
        unjudged=unjudged_of(j.case for _, j in answered),
        broken=tuple(sorted(broken, key=lambda row: (-row.sure, row.file, row.line))),
    )


def named(own: OwnCases, judged: Iterable[Judged]) -> str:
    """The broken rows by the first words of their requests and where they stand, in the order of the file."""
    rows = _by_case(own)
    broken = sorted((rows[id(j.case)] for j in judged if isinstance(j.outcome, Broken)), key=lambda r: (r.file, r.line))
    told = [f'"{beginning(one.case.request, FIRST_WORDS)}" ({one.file}:{one.line})' for one in broken]
    more = f", and {len(told) - NAMED} more" if len(told) > NAMED else ""
    return ", ".join(told[:NAMED]) + more


def _by_case(own: OwnCases) -> dict[int, OwnCase]:
    """The rows by the identity of their cases, which cannot be hashed."""
    return {id(one.case): one for one in own.rows}


def _broken_row(one: OwnCase, judged: Judged) -> BrokenRow:
    assert isinstance(judged.outcome, Broken)
    got, wanted = judged.outcome.got, judged.outcome.wanted
    return BrokenRow(one.file, one.line, one.case.request, got, wanted, judged.reply.sure, one.must, one.tags)


def _slices(answered: Sequence[Answered]) -> tuple[Slice, ...]:
    """Each part with its counts, the worst first; a part that is the whole tells nothing, and is left out.

    Of rows that must hold there are none: they are chosen, and tell nothing of other requests.
    """
    counts: dict[tuple[str, str], list[bool]] = {}
    for one, judged in answered:
        for part in _parts(one):
            counts.setdefault(part, []).append(isinstance(judged.outcome, Held))
    found = [
        Slice(by, name, sum(held), len(held), confidence_sequence(sum(held), len(held)))
        for (by, name), held in counts.items()
        if len(held) < len(answered)
    ]
    found += _as_the_leaderboard(answered)
    return tuple(sorted(found, key=lambda one: (_BY.index(one.by), one.rate.estimate, one.name)))


def _as_the_leaderboard(answered: Sequence[Answered]) -> list[Slice]:
    """Rows that no tool serves, where a reply of which no call can be read counts as right, as Berkeley counts it."""
    none = [not judged.reply.parsed.calls for one, judged in answered if one.case.kind == IRRELEVANCE]
    rate = confidence_sequence(sum(none), len(none)) if none else None
    return [Slice("kind", COUNTED_OTHERWISE, sum(none), len(none), rate)] if rate else []


def _parts(one: OwnCase) -> Iterator[tuple[str, str]]:
    for tag in dict.fromkeys(one.tags):
        yield "tag", tag
    for name in sorted({call.name for call in one.case.oracle.calls or ()}) or [NO_CALL]:
        yield "tool", name
    yield "kind", one.case.kind


def _called(answered: Sequence[Answered]) -> tuple[Called, ...]:
    """Which tools were called where which were right; what is called most stands first."""
    counts = Counter(_pair(one, judged) for one, judged in answered)
    found = [Called(right, called, count) for (right, called), count in counts.items()]
    return tuple(sorted(found, key=lambda one: (-one.count, one.right, one.called)))


def _pair(one: OwnCase, judged: Judged) -> tuple[str, str]:
    """What was right and what was called; of several that are acceptable, the one whose tools were called, if any."""
    calls = _tools(call.name for call in judged.reply.parsed.calls)
    acceptable = [_tools(wanted.name for wanted in one_set) for one_set in one.case.oracle.acceptable]
    if judged.reply.parsed.status not in ("clean", "no_call"):
        return acceptable[0], UNREADABLE
    return (calls if calls in acceptable else acceptable[0]), calls


def _tools(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or NO_CALL
