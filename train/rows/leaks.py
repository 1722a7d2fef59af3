"""What training rows share with the exam: requests, tool names, values and sentences that the gate will draw."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.catalogs import SHIPPED, load_catalog
from fixtures.formats import Format
from fixtures.grounding import declared, leaves, normal
from fixtures.rows.reading import Row
from fixtures.types import Case
from suite.contracts import CONTRACTS, DRAWN
from suite.exam.scene import Scene
from suite.gating import Drawn
from suite.judging.contract import measured
from suite.lanes.budget import most_drawn
from suite.lanes.known import Corpus
from suite.settings import AS_DEPLOYED, MADE_UP, Settings, read_settings
from train.rows.findings import Finding, share
from train.rows.survey import learned_calls, request

SHORTEST_VALUE = 4
"""Letters; shorter values are shared by chance."""
_HOLE = "{}"


@dataclass(frozen=True, slots=True)
class Traits:
    """What can be shared: requests, their sentences with the values cut out, names of drawn tools, and values."""

    requests: frozenset[str]
    sentences: frozenset[str]
    tools: frozenset[str]
    values: frozenset[str]


def add_exam(parser: argparse.ArgumentParser) -> None:
    """`--gate-seed`, `--made-up` and `--known`: which requests must not be trained on."""
    exam = parser.add_argument_group("exam", "Not to leak into; [tool.callproof] of pyproject.toml counts too.")
    exam.add_argument("--gate-seed", type=int, metavar="N", help="seed of the exam (default: 0)")
    exam.add_argument(
        "--made-up", type=int, metavar="PERCENT", help=f"its cases on catalogs nobody wrote (default: {MADE_UP})"
    )
    exam.add_argument("--examples", action="append", metavar="FILE", help="rows in whose words it asks; repeatable")
    exam.add_argument("--cases", action="append", metavar="FILE", help="rows that it asks as they are; repeatable")
    exam.add_argument(
        "--known", type=Path, metavar="DIR", help="kept counterexamples (default: those of the gate's cache)"
    )


def exam_settings(options: argparse.Namespace, catalogs: Sequence[str] | None) -> tuple[Settings, Path]:
    """What the gate goes by, and where its counterexamples are kept; raises UserError for a bad setting."""
    given = {"catalog": list(catalogs or ()), "made_up": options.made_up, "seed": options.gate_seed}
    given |= {"examples": options.examples, "cases": options.cases}
    settings = read_settings(given)
    return settings, options.known or Path(settings.cache) / "counterexamples"


def exam_of(settings: Settings, form: Format) -> list[Case]:
    """All that a gate by these settings asks: what it draws, in the words of its examples too, and the own cases."""
    own = Drawn.of(settings).own(form).rows
    drawn = exam_cases(settings.seed, settings.catalog, settings.made_up, settings.as_deployed, settings.examples)
    return [*drawn, *(one.case for one in own)]


def exam_cases(
    seed: int,
    catalogs: Sequence[str] = (),
    made_up: int = MADE_UP,
    as_deployed: int = AS_DEPLOYED,
    examples: Sequence[str] = (),
) -> list[Case]:
    """What the gate measures at this seed and the default budget, at most; contracts that draw alike share it."""
    scene = Scene.on(catalogs, made_up, leave_out_unaskable=True, as_deployed=as_deployed, examples=examples)
    longest_last = {contract.draw.__name__: contract for contract in sorted(DRAWN, key=most_drawn)}
    return [
        measured(contract, scene, seed, number)
        for contract in longest_last.values()
        for number in range(most_drawn(contract))
    ]


def exam_requests(exam: Sequence[Case], known: Path) -> frozenset[str]:
    """The requests of the exam and of the counterexamples in `known`, normalised: what no row may ask."""
    return frozenset(normal(case.request) for case in (*exam, *_kept(known)))


def _kept(known: Path) -> list[Case]:
    corpus = Corpus(known)
    return [case for contract in CONTRACTS for case in corpus.cases(contract.name)]


def leaks(
    rows: Sequence[Row],
    seed: int,
    catalogs: Sequence[str],
    known: Path,
    made_up: int = MADE_UP,
    as_deployed: int = AS_DEPLOYED,
    examples: Sequence[str] = (),
    own: Sequence[Case] = (),
) -> list[Finding]:
    """Findings about what the rows share with the exam of that seed, with the user's `own` cases, and with the
    counterexamples in `known`."""
    mine = traits_of_rows(rows)
    found: list[Finding] = []
    for cases, whose in (
        (exam_cases(seed, catalogs, made_up, as_deployed, examples), f"the exam at seed {seed}"),
        (own, "the own cases"),
        (_kept(known), "the known counterexamples"),
    ):
        found += _shared(rows, mine, traits_of_cases(cases), whose)
    return found


def _shared(rows: Sequence[Row], mine: Traits, exam: Traits, whose: str) -> Iterator[Finding]:
    for rule, text, part in (
        ("leaked request", "requests stand word for word in", "requests"),
        ("leaked tool name", "tool names that no catalog file has are also drawn in", "tools"),
        ("leaked value", "values are also values in", "values"),
        ("shared sentence", "sentences, with the values cut out, are also in", "sentences"),
    ):
        both: frozenset[str] = getattr(mine, part) & getattr(exam, part)
        if not both:
            continue
        shown = ", ".join(sorted(both)[:3])
        grave = part in ("requests", "tools")
        lines = tuple(row.line for row in rows if normal(request(row)) in both) if part == "requests" else ()
        yield Finding(
            "teaches the fault" if grave else "worth knowing",
            rule,
            f"{share(len(both), len(getattr(mine, part)))} of the {text} {whose}: {shown}",
            lines,
            "leave them out, or gate with another --seed: an exam that was trained on proves nothing" if grave else "",
            {"shared": sorted(both)},
        )


def traits_of_rows(rows: Sequence[Row]) -> Traits:
    """Of training rows; every tool counts that is not one of a shipped catalog."""
    arguments = [(row, name, values) for row, _, name, values in learned_calls(rows)]
    functions = [(row.line, tool["function"]) for row in rows for tool in row.tools]
    schemas = {(line, function["name"]): function.get("parameters") or {} for line, function in functions}
    texts = [_texts(values, schemas.get((row.line, name), {})) for row, name, values in arguments]
    by_row: dict[int, list[str]] = {}
    for (row, _, _), found in zip(arguments, texts, strict=True):
        by_row.setdefault(row.line, []).extend(found)
    return Traits(
        frozenset(normal(request(row)) for row in rows),
        frozenset(sentence(request(row), by_row.get(row.line, ())) for row in rows),
        frozenset(name for _, name in schemas) - _shipped_tools(),
        frozenset(text for found in texts for text in found),
    )


def traits_of_cases(cases: Sequence[Case]) -> Traits:
    """Of the gate's cases; of their tools those that were drawn: a catalog under test is meant to be learned."""
    found = [
        (case, [t for call in case.oracle.calls or () for t in _texts(call.arguments, _schema(case, call.name))])
        for case in cases
    ]
    return Traits(
        frozenset(normal(case.request) for case in cases),
        frozenset(sentence(case.request, texts) for case, texts in found),
        frozenset(name for case in cases if case.catalog.name == "drawn" for name in case.catalog.names),
        frozenset(text for _, texts in found for text in texts),
    )


def _schema(case: Case, name: str) -> Mapping[str, Any]:
    return case.catalog[name].parameters if name in case.catalog.names else {}


def _texts(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """The texts among the values that the declaration does not offer itself."""
    found = [(value, declared(known)) for _, value, known in leaves(arguments, schema)]
    texts = [normal(v) for v, offered in found if isinstance(v, str) and v not in offered]
    return [text for text in texts if len(text) >= SHORTEST_VALUE and any(c.isalpha() for c in text)]


def sentence(said: str, values: Iterable[str]) -> str:
    """A request with its values and numbers cut out."""
    text = normal(said)
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, _HOLE)
    return re.sub(r"\d+", _HOLE, text)


def _shipped_tools() -> frozenset[str]:
    return frozenset(name for shipped in SHIPPED for name in load_catalog(shipped).catalog.names)
