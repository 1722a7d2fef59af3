"""What a person reads of a contract and of a counterexample, as plain lines; the plugin and the reports print them."""

from __future__ import annotations

import json
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from fixtures.printing import printable
from fixtures.types import Case, Catalog, Message, Variant
from suite.outcome import (
    Bar,
    Ceiling,
    ContractResult,
    Counterexample,
    Every,
    Interval,
    Never,
    NoWorse,
    Rate,
    Results,
    WrongArgument,
)
from suite.results.cases import SHORT_ID, case_id
from suite.results.signature import signature
from suite.results.wording import cases, percent, percent_down, percent_seen, percent_up

WIDTH = 100
LONGEST_REPLY = 2000  # characters on a terminal; pages and results files hold all
LONGEST_DESCRIPTION = 80
VERDICT_WIDTH = len("undecided")


def verdict_word(result: ContractResult) -> str:
    """The verdict as shown: what closes the gate is in capitals."""
    name = result.verdict.name
    return name.upper() if closes_gate(result) else name


def headline(results: Results) -> str:
    """The verdict of the whole gate in two or three words."""
    return "Gate passed" if results.passed else "Gate not passed"


def standing(results: Results) -> str:
    """How many gating contracts passed, failed or stayed undecided."""
    gating = [contract for contract in results.contracts if contract.bar.gating]
    if not gating:
        return "no gating contract was judged"
    names = [contract.verdict.name for contract in gating]
    rest = [(names.count("fail"), "failed"), (names.count("undecided"), "undecided")]
    said = [f"{names.count('pass')} of {len(gating)} gating contract{'' if len(gating) == 1 else 's'} passed"]
    return ", ".join(said + [f"{count} {word}" for count, word in rest if count])


def interval_note(contracts: Sequence[ContractResult]) -> str:
    """How sure a rate's interval is; empty if no rate was measured."""
    levels = {c.held_rate.level for c in contracts if c.held_rate and not isinstance(c.bar, Every)}
    return " ".join(
        f"Rates are judged by a sequential test; intervals hold with {percent(level)} confidence whenever it stopped."
        for level in sorted(levels)
    )


def risk_note(results: Results) -> str:
    """What the gate as a whole may get wrong, and how often."""
    alpha, beta = percent(results.risks["alpha"]), percent(results.risks["beta"])
    return (
        f"Chance that the gate passes an adapter that misses a bar: {beta} at most. Chance that it fails one that is "
        f"acceptable by every gating contract: {alpha} at most."
    )


def draws_text(results: Results) -> str:
    """What the cases were drawn by."""
    where = f"{results.made_up_percent} % of the cases on catalogs nobody wrote"
    if results.made_up_percent < 100 and results.as_deployed_percent:
        where += f", {results.as_deployed_percent} % of the others on a whole catalog"
    return f"seed {results.seed}, budget {results.budget} calls a contract, {where}"


def calibrator_text(results: Results) -> tuple[str, str] | None:
    """What maps the confidence that is judged, in words, and the hash of its file; None if nothing does."""
    used = results.calibrator
    return (f"{used.method} calibrator of the {used.confidence}", used.digest) if used else None


def readings_text(results: Results) -> str:
    """How the measured replies read, as shares; empty if nobody counted."""
    read = results.readings
    if read is None:
        return ""
    told = [f"{read.clean} clean"]
    if read.clean:
        told[0] += f" ({percent_seen(read.canonical / read.clean)} canonical: byte for byte as its template writes)"
    told += [f"{count} {word}" for count, word in ((read.salvaged, "salvaged"), (read.undecodable, "undecodable"))]
    return f"Measured replies: {', '.join([*told, f'{read.no_call} without a call'])}."


def closes_gate(result: ContractResult) -> bool:
    """True for a gating contract that did not pass."""
    return result.bar.gating and result.verdict.name != "pass"


def contract_lines(result: ContractResult, width: int = WIDTH) -> list[str]:
    """Verdict and name, the promise, why the verdict is so, and the counts that it does not rest on."""
    texts = [result.promise, result.verdict.reason, *aside_counts(result)]
    indent = " " * (VERDICT_WIDTH + 2)
    body = [line for text in texts for line in textwrap.wrap(printable(text), width - len(indent))]
    gating = "" if result.bar.gating else " (does not gate)"
    return [f"{verdict_word(result):<{VERDICT_WIDTH}}  {result.name}{gating}", *(indent + line for line in body)]


def aside_counts(result: ContractResult) -> list[str]:
    """Counts that do not enter a rate, each in a short text; empty where they are zero."""
    tally, aside = result.tally, []
    if tally.not_applicable:
        aside.append(f"{cases(tally.not_applicable)} drawn to which the contract does not apply")
    if tally.found and not (isinstance(result.bar, Never) and result.bar.strict):
        aside.append(f"{tally.found} failing {'case' if tally.found == 1 else 'cases'} found by search or known before")
    return aside + ([wrong_text(result.wrong)] if result.wrong else [])


def wrong_text(wrong: Sequence[WrongArgument]) -> str:
    """The argument that is wrong most often, and how it is."""
    counts: Counter[tuple[str, str]] = Counter()
    for one in wrong:
        counts[one.tool, one.parameter] += one.count
    ((tool, parameter), most), total = counts.most_common(1)[0], sum(counts.values())
    ways = sorted((one for one in wrong if (one.tool, one.parameter) == (tool, parameter)), key=lambda one: -one.count)
    told = ", ".join(f"{one.how} {one.count}" for one in ways)
    return f"most often wrong: {parameter} of {tool}, {most} of {total} wrong arguments ({told})"


def policy_text(results: Results) -> str:
    """What of the bars is not the default; empty where all are."""
    changes = results.policy.changes if results.policy else ()
    return f"By the owner's bars: {'; '.join(map(printable, changes))}." if changes else ""


def bar_text(bar: Bar) -> str:
    """What a contract must reach, in a few words."""
    match bar:
        case Never(bound=bound, strict=strict):
            return f"0 fail, so <= {percent(bound)}" if strict else f"below {percent(bound)} fail"
        case Rate(at_least=at_least):
            return f"above {percent(at_least)}"
        case Ceiling(statistic=statistic, at_most=at_most):
            return f"{statistic} at most {at_most:g}"
        case NoWorse():
            return "the champion's"
        case Every():
            return "every one"
    return "none"


def deciding_figure(result: ContractResult) -> Interval | None:
    """What the bar is about: the bar's statistic, or else the rate at which the contract held."""
    if isinstance(result.bar, Ceiling):
        return result.measures.get(result.bar.statistic)
    return result.held_rate


def estimate_text(result: ContractResult, figure: Interval) -> str:
    """The estimate of the deciding figure, as a share in percent unless the bar is on a statistic."""
    return f"{figure.estimate:.3f}" if isinstance(result.bar, Ceiling) else percent_seen(figure.estimate)


def range_text(result: ContractResult, figure: Interval) -> str:
    """The interval of the deciding figure."""
    if isinstance(result.bar, Ceiling):
        return f"{figure.low:.3f} to {figure.high:.3f}"
    return share_range(figure)


def share_range(figure: Interval) -> str:
    """An interval of shares in percent, each end rounded outwards."""
    high = "100" if figure.high == 1 else percent_up(figure.high).removesuffix(" %")
    return f"{percent_down(figure.low).removesuffix(' %')} to {high} %"


def lane_text(example: Counterexample) -> str:
    """Where a counterexample comes from and how small it is."""
    came = {"known": "known from an earlier run", "measure": "from the measured sample", "search": "found by search"}
    return f"{came[example.lane]}, {'nothing smaller fails' if example.minimal else 'something smaller may fail too'}"


def counterexample_lines(example: Counterexample, number: int | None = None) -> list[str]:
    """The tools, the conversation, raw replies, what was got and wanted, and the one command that replays it.

    The number is that by which `python -m suite keep` knows it; `--replay` takes its `id`.
    """
    rows = [
        *case_rows(example.case),
        ("reply", _shortened(example.raw) or "(nothing)"),
        *([] if example.other is None else [("compared", _shortened(example.other) or "(nothing)")]),
        ("got", example.got),
        ("wanted", example.wanted),
        ("id", case_id(example.case)[:SHORT_ID]),
        ("replay", example.replay),
    ]
    name = example.contract if number is None else f"{example.contract}, number {number}"
    return [f"counterexample of {name}: {lane_text(example)}", *labelled(rows)]


def case_rows(case: Case) -> list[tuple[str, str]]:
    """What was asked, each part with its label: tools, what the catalog says of them, conversation, variant."""
    rows = [("tools", tool) for tool in tool_lines(case)] or [("tools", "none")]
    rows += expectation_rows(case.catalog)
    rows += [(str(message.get("role", "?")), message_text(message)) for message in case.messages]
    return rows + (variant_rows(case.variant, case) if case.variant else [])


def labelled(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Labels left, text right; a label that repeats, and lines after the first, are left blank."""
    label_width = max(len(label) for label, _ in rows)
    previous = ""
    for label, text in rows:
        shown = "" if label == previous == "tools" else label
        for line in printable(text).split("\n"):
            yield f"  {shown:<{label_width}}  {line}".rstrip()
            shown = ""
        previous = label


def tool_lines(case: Case) -> list[str]:
    """Each tool of the case with what it is for, in one line."""
    lines = []
    for tool in case.catalog.tools:
        description = textwrap.shorten(tool.description, LONGEST_DESCRIPTION, placeholder="...")
        lines.append(f"{signature(tool)} - {description}" if description else signature(tool))
    return lines


def expectation_rows(catalog: Catalog) -> list[tuple[str, str]]:
    """What the catalog says of its tools, as far as it matters here: what is not ranked against another is left out."""
    rows = [("policy", f"{catalog.fallback} when nothing fits" if catalog.fallback else str(catalog.policy))]
    ranked = [name for name in catalog.priority if name in catalog.names]
    priced = [f"{name} {cost:g} Wh" for name, cost in catalog.cost.items() if name in catalog.names]
    rows += [("priority", ", then ".join(ranked))] if len(ranked) > 1 else []
    rows += [("cost", ", ".join(priced))] if len(priced) > 1 else []
    return [row for row in rows if row != ("policy", "abstain")]


def variant_rows(variant: Variant, case: Case) -> list[tuple[str, str]]:
    """How the case was asked otherwise: the relation, and the tools or the request where they differ."""
    rows = [("variant", variant.relation)]
    if variant.case.catalog != case.catalog:
        rows += [("tools", signature(tool)) for tool in variant.case.catalog.tools]
    if variant.case.request != case.request:
        rows.append(("user", variant.case.request))
    return rows


def message_text(message: Message) -> str:
    """What a message says, and the calls it makes."""
    content = message.get("content")
    said = content if isinstance(content, str) else "" if content is None else _json(content)
    calls = [_call_text(call) for call in message.get("tool_calls") or ()]
    return "\n".join([*([said] if said else []), *calls]) or "(nothing)"


def _call_text(call: Any) -> str:
    function = call.get("function", call) if isinstance(call, dict) else {"name": call}
    return f"calls {function.get('name')} {_json(function.get('arguments', {}))}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _shortened(text: str) -> str:
    if len(text) <= LONGEST_REPLY:
        return text
    return f"{text[:LONGEST_REPLY]}\n... and {len(text) - LONGEST_REPLY} more characters, in the results file"
