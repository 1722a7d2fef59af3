"""What rows teach as a whole: values nobody said, contradictions, twins, and what is missing or one-sided."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from fixtures.grounding import leaves, normal, ungrounded
from fixtures.rows.reading import Row
from fixtures.types import Case, Catalog, Tool
from train.rows.findings import Finding, share
from train.rows.near import near_ones

UNGROUNDED_SHARE = 0.05
"""Of a parameter's values; fewer may be slips, more are a lesson."""
MOST_COMPARED = 50_000
"""Different requests that are compared with each other: a minute's work at most, and four times as much for twice."""
ONE_VALUE_SHARE, ONE_VALUE_CALLS = 0.8, 20
"""A parameter has a favourite value if so much of at least so many calls have it."""
FEW_NEGATIVES = 0.05
_INDEX = re.compile(r"/\d+")

Calls = Iterator[tuple[Row, int, str, Mapping[str, Any]]]


def survey(rows: Sequence[Row], progress: Callable[[float], None] = lambda share: None) -> list[Finding]:
    """All findings about rows that can be trained on; `progress` is told the share of the requests that is compared."""
    return [
        *invented_values(rows), *contradictions(rows), *duplicates(rows), *near_duplicates(rows, progress),
        *missing_kinds(rows), *one_sided(rows), *constant_confidence(rows),
    ]  # fmt: skip


def learned_calls(rows: Sequence[Row]) -> Calls:
    """Each call to be learned, as row, number of its message, tool and arguments."""
    for row in rows:
        for number, message in enumerate(row.messages):
            for call in message.get("tool_calls") or () if message.get("weight", 1) else ():
                yield row, number, call["function"]["name"], call["function"]["arguments"]


def invented_values(rows: Sequence[Row]) -> Iterator[Finding]:
    """Parameters whose values stand nowhere: they teach to make such values up."""
    told: Counter[tuple[str, str]] = Counter()
    made_up: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, number, name, arguments in learned_calls(rows):
        case = Case(Catalog("rows", _tools(row)), row.messages[:number])
        told.update((name, _INDEX.sub("/*", p)) for p, _, _ in leaves(arguments, case.catalog[name].parameters))
        for pointer, _ in ungrounded(case, name, arguments):
            made_up[name, _INDEX.sub("/*", pointer)].append(row.line)
    for (name, pointer), lines in sorted(made_up.items(), key=lambda item: -len(item[1])):
        part, whole = len(lines), told[name, pointer]
        text = f"{share(part, whole)} of the values of {name} {pointer} were never said: "
        teaches = part / whole > UNGROUNDED_SHARE
        yield Finding(
            "teaches the fault" if teaches else "worth knowing",
            "ungrounded argument",
            text + ("these rows teach the model to make them up" if teaches else "slips, or an unusual wording"),
            tuple(dict.fromkeys(lines)),
            "put what they are taken from into the prompt (--context-field NAME), or leave such rows out "
            "(--drop-ungrounded)" if teaches else "",
            {"tool": name, "parameter": pointer, "ungrounded": part, "values": whole},
        )  # fmt: skip


def _tools(row: Row) -> tuple[Tool, ...]:
    functions = [tool["function"] for tool in row.tools]
    return tuple(Tool(f["name"], f.get("description", ""), f.get("parameters") or {}) for f in functions)


def is_grounded(row: Row) -> bool:
    """Whether all values of the row's calls to be learned were said or are declared."""
    return not any(
        ungrounded(Case(Catalog("row", _tools(row)), row.messages[:number]), name, arguments)
        for _, number, name, arguments in learned_calls([row])
    )


def question(row: Row) -> str:
    """All that comes before the row's last answer, as it is compared: two rows that ask the same have the same."""
    before = [{k: v for k, v in _unnamed(m).items() if k != "weight"} for m in row.messages[:-1]]
    names = sorted(tool["function"]["name"] for tool in row.tools)
    return normal(json.dumps([before, names], sort_keys=True, ensure_ascii=False))


def _unnamed(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """The message without the ids of its calls, which are drawn anew for every row."""
    calls = message.get("tool_calls")
    kept = {**message, "tool_calls": [call["function"] for call in calls]} if calls else {**message}
    kept.pop("tool_call_id", None)
    return kept


def label(row: Row) -> str:
    """The calls of the row's last answer in any order of keys and calls; of an answer without calls, nothing."""
    calls = row.messages[-1].get("tool_calls") or ()
    return "; ".join(sorted(json.dumps(call["function"], sort_keys=True, ensure_ascii=False) for call in calls))


def request(row: Row) -> str:
    """What the user said last."""
    return str(next(m["content"] for m in reversed(row.messages) if m["role"] == "user"))


def _by_question(rows: Sequence[Row]) -> list[list[Row]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[question(row)].append(row)
    return [group for group in groups.values() if len(group) > 1]


def contradictions(rows: Sequence[Row]) -> Iterator[Finding]:
    """One question with different answers: whichever is learned, the other is wrong."""
    for group in _by_question(rows):
        labels = dict.fromkeys(label(row) or "no call" for row in group)
        if len(labels) > 1:
            text = f"{request(group[0])!r} has {len(labels)} different answers: {' / '.join(labels)}"
            lines = tuple(row.line for row in group)
            yield Finding("teaches the fault", "contradiction", text, lines, "keep the answer that is right")


def duplicates(rows: Sequence[Row]) -> Iterator[Finding]:
    """The same question with the same answer more than once: learned as often as it stands there."""
    for group in _by_question(rows):
        if len({label(row) for row in group}) < len(group):
            text = f"{request(group[0])!r} stands {len(group)} times"
            yield Finding("worth knowing", "duplicate", text, tuple(row.line for row in group), "keep it once")


def near_duplicates(rows: Sequence[Row], progress: Callable[[float], None] = lambda share: None) -> Iterator[Finding]:
    """Requests that differ by a word; many of them make a set look larger than it is."""
    said: dict[str, int] = {}
    for row in rows:
        said.setdefault(normal(request(row)), row.line)
    texts, lines = list(said)[:MOST_COMPARED], list(said.values())
    close = near_ones(texts, progress)
    if close:
        which = f"first {len(texts)} " if len(texts) < len(said) else ""
        text = f"{share(len(close), len(texts))} of the {which}different requests are nearly the same as another one"
        yield Finding("worth knowing", "near-duplicates", text, tuple(sorted(lines[i] for i in close)))


def missing_kinds(rows: Sequence[Row]) -> Iterator[Finding]:
    """Rows that a release-fit adapter needs: requests that nothing fits, choices among tools, unsure answers."""
    negatives = sum(not row.messages[-1].get("tool_calls") for row in rows)
    if negatives / len(rows) < FEW_NEGATIVES:
        text = f"{share(negatives, len(rows))} of the rows are requests that no tool fits: without them a tool is "
        cure = "add rows whose answer is no call (python -m fixtures.datasets hotel shows how)"
        yield Finding("teaches the fault", "missing negatives", text + "called whatever is asked", (), cure)
    single = sum(len(row.tools) == 1 for row in rows)
    if single == len(rows):
        yield Finding("worth knowing", "no choice", "every row declares one tool, so nothing teaches to choose")
    if not any(row.messages[-1].get("confidence", 1) < 0.7 for row in rows):
        text = "no answer has a confidence below 0.7: nothing teaches to be unsure of an ambiguous request"
        yield Finding("worth knowing", "missing ambiguity", text)


def one_sided(rows: Sequence[Row]) -> Iterator[Finding]:
    """Declared tools that no row calls, and parameters that nearly always have one value."""
    called: Counter[str] = Counter()
    values: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for _, _, name, arguments in learned_calls(rows):
        called[name] += 1
        for key, value in arguments.items():
            values[name, key][json.dumps(value, sort_keys=True, ensure_ascii=False)] += 1
    declared = {tool["function"]["name"] for row in rows for tool in row.tools}
    never = sorted(declared - set(called))
    if never:
        shown = ", ".join(never[:8]) + (f" and {len(never) - 8} more" if len(never) > 8 else "")
        text = f"{share(len(never), len(declared))} of the declared tools are never called: {shown}"
        yield Finding("worth knowing", "tool never called", text, figures={"tools": never})
    for (name, key), counts in sorted(values.items()):
        value, most = counts.most_common(1)[0]
        if counts.total() >= ONE_VALUE_CALLS and most / counts.total() >= ONE_VALUE_SHARE:
            text = f"{name} {key} is {value} in {share(most, counts.total())} of its calls"
            yield Finding("worth knowing", "one value dominates", text)


def constant_confidence(rows: Sequence[Row]) -> Iterator[Finding]:
    """Confidence targets that are all the same teach a number, not how sure to be."""
    targets = Counter(row.messages[-1]["confidence"] for row in rows if "confidence" in row.messages[-1])
    if not targets:
        text = "no answer has a confidence target, so a format that states one cannot learn it"
        yield Finding("worth knowing", "no confidence", text)
    elif len(targets) == 1:
        text = f"every confidence target is {next(iter(targets))}: the figure is learned as a constant"
        yield Finding("teaches the fault", "constant confidence", text, (), "lower targets for unsure answers")
