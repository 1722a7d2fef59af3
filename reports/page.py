"""The results as one page: no script, nothing loaded from elsewhere, readable in light, dark, print and on a phone."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from fixtures.files import check_free
from reports import languages, own_cases, tools
from reports.chart import interval_range, reliability
from reports.html import Html, join, tag
from reports.tables import table
from reports.training_data import Check
from reports.training_data import section as data_section
from suite.outcome import Bin, Ceiling, ContractResult, Counterexample, Interval, Results
from suite.results.file import SCHEMA_VERSION
from suite.results.signature import signature
from suite.results.summary import (
    aside_counts,
    bar_text,
    calibrator_text,
    closes_gate,
    deciding_figure,
    draws_text,
    estimate_text,
    headline,
    interval_note,
    lane_text,
    message_text,
    policy_text,
    range_text,
    readings_text,
    risk_note,
    standing,
    variant_rows,
)
from suite.results.table import BAD, looks_bad
from suite.results.wording import percent

STYLE_FILE = Path(__file__).with_name("page.css")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Even if a reply got its markup past the escaping, the browser would neither run nor load anything."""

GENERATOR = tag("meta", name="generator", content="callproof")
"""By this a page is known as one of ours, which may be written anew."""

SYMBOLS = {"pass": "\u2713", "fail": "\u2717", "undecided": "?", "measured": "\u2022"}


def render(results: Results, source: str, check: Check | None = None) -> str:
    """The page as text; `source` names the results file, `check` is what was found in the training data."""
    style = Html(STYLE_FILE.read_text(encoding="utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        GENERATOR,
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
        tag("title", f"{headline(results)}: {results.identity.adapter}"),
        tag("style", style),
    )
    main = tag(
        "main",
        _banner(results),
        _contracts(results),
        languages.section(results) if results.examples else Html(""),
        tools.section(results),
        own_cases.section(results.own) if results.own else Html(""),
        *(_calibration(contract) for contract in results.contracts if contract.curves or contract.measures),
        _counterexamples(results.contracts),
        data_section(check) if check else Html(""),
        _subject(results),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', main, _footer(source)), lang='en')}\n"


def check_place(target: Path, overwrite: bool = False) -> None:
    """Raise UserError for a file at the page's place that is no page of ours."""
    check_free(target, overwrite, lambda text: text.startswith("<!doctype html>") and GENERATOR in text[:1000])


def _banner(results: Results) -> Html:
    """The verdict, large, and what closes the gate."""
    closing = [(number, c) for number, c in enumerate(results.contracts) if closes_gate(c)]
    causes = [
        tag("li", _pill(c), " ", tag("a", c.name, href=f"#contract-{n}"), tag("span", c.verdict.reason, class_="why"))
        for n, c in closing
    ]
    return tag(
        "header",
        tag("p", "callproof", class_="brand"),
        tag("h1", headline(results)),
        tag("p", standing(results), class_="standing"),
        tag("p", "Adapter ", tag("code", results.identity.adapter), " on ", tag("code", results.identity.base)),
        *_beside_the_verdict(results),
        tag("ul", *causes, class_="causes", aria_label="What closes the gate") if causes else Html(""),
        class_=f"banner {'pass' if results.passed else 'fail'}",
    )


def _beside_the_verdict(results: Results) -> list[Html]:
    """What would worry whoever ships it: what does not gate and looks bad, and bars that are not the default."""
    bad, bars = looks_bad(results.contracts), policy_text(results)
    told = [f"Not gating, and kept in less than {percent(BAD)}: {bad}."] if bad else []
    return [tag("p", text) for text in (*told, *([bars] if bars else []))]


def _pill(contract: ContractResult) -> Html:
    name = contract.verdict.name
    return tag("span", tag("span", SYMBOLS[name], aria_hidden="true"), f" {name}", class_=f"pill {name}")


def _section(title: str, *children: str) -> Html:
    return tag("section", tag("h2", title), *children)


def _contracts(results: Results) -> Html:
    contracts = results.contracts
    if not contracts:
        return _section("Contracts", tag("p", "No contract was judged.", class_="muted"))
    rows = [(_promise(number, c), _pill(c), _counts(c), _against_bar(c)) for number, c in enumerate(contracts)]
    lanes = "Failures that the search found, or that were known before, are shown but enter no rate."
    note = f"{risk_note(results)} {interval_note(contracts)} {lanes}"
    head = ("Contract", "Verdict", "Held", "Measured against the bar")
    return _section("Contracts", table(head, rows, "contracts"), tag("p", note, class_="muted note"))


def _promise(number: int, contract: ContractResult) -> Html:
    aside = [tag("span", text, class_="muted block") for text in aside_counts(contract)]
    return join(
        tag("span", contract.name, class_="name", id=f"contract-{number}"),
        tag("span", contract.promise, class_="block"),
        tag("span", contract.verdict.reason, class_="muted block"),
        *aside,
    )


def _counts(contract: ContractResult) -> Html:
    tally = contract.tally
    if not tally.trials:
        return tag("span", "no case", class_="muted")
    return join(tag("span", str(tally.held), class_="count"), f" of {tally.trials}")


def _against_bar(contract: ContractResult) -> Html:
    figure = deciding_figure(contract)
    gating = "" if contract.bar.gating else ", does not gate"
    bar = tag("span", f"Bar: {bar_text(contract.bar)}{gating}", class_="muted block")
    if figure is None:
        return join(tag("span", "nothing was measured", class_="muted block"), bar)
    label = f"{contract.bar.statistic} " if isinstance(contract.bar, Ceiling) else ""
    said = join(label, tag("strong", estimate_text(contract, figure)), f" ({range_text(contract, figure)})")
    return join(interval_range(contract), tag("span", said, class_="block"), bar)


def _calibration(contract: ContractResult) -> Html:
    """Curves and figures of one contract, each kind of confidence apart."""
    kinds = [kind for kind, points in contract.curves.items() if points]
    own = {name for kind in kinds for name in contract.measures if name.startswith(f"{kind} ")}
    shown_above = {contract.bar.statistic} if isinstance(contract.bar, Ceiling) else set()
    rest = {name: x for name, x in contract.measures.items() if name not in own | shown_above}
    panels = [_curve(contract, kind) for kind in kinds]
    if rest:
        panels.append(_measures(list(rest.items())))
    return _section(f"Figures of {contract.name}", *panels) if panels else Html("")


def _curve(contract: ContractResult, kind: str) -> Html:
    points = contract.curves[kind]
    figures = [(n.removeprefix(f"{kind} "), x) for n, x in contract.measures.items() if n.startswith(f"{kind} ")]
    caption = "Dots below the dashed line: surer than right. Lines are intervals; larger dots stand for more cases."
    chart = tag("figure", reliability(kind, points), tag("figcaption", caption, class_="muted"))
    tables = tag("div", _measures(figures) if figures else Html(""), _bins(points))
    return tag("div", tag("h3", f"{kind.capitalize()} confidence"), tag("div", chart, tables, class_="split"))


def _measures(figures: Collection[tuple[str, Interval]]) -> Html:
    levels = " / ".join(sorted({percent(x.level) for _, x in figures}))
    rows = [(n.replace("_", " "), f"{x.estimate:.3f}", f"{x.low:.3f} to {x.high:.3f}") for n, x in figures]
    return table(("Figure", "Estimate", f"{levels} interval"), rows, "numbers")


def _bins(points: Sequence[Bin]) -> Html:
    rows = [
        (f"{p.confidence:.3f}", f"{x.estimate:.3f}", f"{x.low:.3f} to {x.high:.3f}", str(p.count))
        for p, x in ((point, point.accuracy) for point in points)
    ]
    head = ("Confidence", "Right", f"{percent(points[0].accuracy.level)} interval", "Cases")
    return table(head, rows, "numbers")


def _counterexamples(contracts: Sequence[ContractResult]) -> Html:
    examples = [example for contract in contracts for example in contract.counterexamples]
    if not examples:
        return _section("Counterexamples", tag("p", "No failing case was kept.", class_="muted"))
    return _section("Counterexamples", *(_counterexample(*one) for one in enumerate(examples, 1)))


def _counterexample(number: int, example: Counterexample) -> Html:
    given = tag(
        "div", tag("h4", "Tools"), _tools(example), tag("h4", "Conversation"), _conversation(example), _variant(example)
    )
    answers = [("Got", example.got, "fail"), ("Wanted", example.wanted, "pass"), *_right_calls(example)]
    came_back = tag(
        "div",
        tag("h4", "Reply, as it came"),
        tag("pre", example.raw or "(nothing)", class_="reply", tabindex=0),
        *([] if example.other is None else [_other_reply(example, example.other)]),
        tag("dl", *(join(tag("dt", title, class_=kind), tag("dd", text)) for title, text, kind in answers)),
    )
    return tag(
        "article",
        tag("h3", f"{number}. {example.contract} ", tag("span", lane_text(example), class_="muted")),
        tag("div", given, came_back, class_="split even"),
        tag("h4", "Replay"),
        tag("pre", tag("code", example.replay), tabindex=0),
    )


def _other_reply(example: Counterexample, other: str) -> Html:
    """The second reply of a pair: that of the case asked otherwise, or one to the very same case."""
    title = "Reply when asked otherwise" if example.case.variant else "Reply it is compared with"
    return join(tag("h4", title), tag("pre", other or "(nothing)", class_="reply", tabindex=0))


def _right_calls(example: Counterexample) -> list[tuple[str, str, str]]:
    calls = example.case.oracle.calls
    if calls is None:
        return []
    texts = [f"{call.name} {json.dumps(dict(call.arguments), ensure_ascii=False)}" for call in calls]
    return [("Right answer", "; ".join(texts) or "no call: nothing fits", "pass")]


def _tools(example: Counterexample) -> Html:
    catalog = example.case.catalog
    described = [(signature(tool), tool.description) for tool in catalog.tools]
    items = [tag("li", tag("code", call), tag("span", text, class_="muted block")) for call, text in described]
    declared = json.dumps(catalog.declarations(), indent=2, ensure_ascii=False)
    policy = {"must_choose": " One of them must be chosen."}.get(str(catalog.policy), "")
    policy = f" {catalog.fallback} is for what no other serves." if catalog.fallback else policy
    return join(
        tag("ul", *items, class_="tools") if items else tag("p", "none", class_="muted"),
        tag("p", policy, class_="muted") if policy else Html(""),
        tag("details", tag("summary", f"{catalog.name} as JSON"), tag("pre", declared, tabindex=0)),
    )


def _conversation(example: Counterexample) -> Html:
    messages = [(str(message.get("role", "?")), message_text(message)) for message in example.case.messages]
    items = [tag("li", tag("span", role, class_="role"), tag("span", text, class_="said")) for role, text in messages]
    return tag("ol", *items, class_="conversation")


def _variant(example: Counterexample) -> Html:
    """How the case was asked otherwise, where it is answers that are compared."""
    variant = example.case.variant
    if variant is None:
        return Html("")
    items = [
        tag("li", tag("span", label, class_="role"), tag("span", text, class_="said"))
        for label, text in variant_rows(variant, example.case)
    ]
    return join(tag("h4", "Asked otherwise"), tag("ol", *items, class_="conversation"))


def _subject(results: Results) -> Html:
    """What was gated and how, so that the same gate can be run again."""
    identity, calls = results.identity, ", ".join(f"{count} {kind}" for kind, count in results.calls.items())
    rows = [
        ("Adapter", _named(identity.adapter, identity.adapter_digest)),
        ("Base", _named(identity.base, identity.base_digest)),
        ("Format", _named(identity.format, identity.format_digest)),
        *([("Chat template", identity.template)] if identity.template else []),
        *([("Computed in", identity.dtype)] if identity.dtype else []),
        *([("Calibrator", _named(*calibrator))] if (calibrator := calibrator_text(results)) else []),
        ("Catalogs", join(*(_named(name, digest) for name, digest in results.catalogs.items()))),
        ("Draws", draws_text(results)),
        ("Replies", f"{calls}; at most {results.max_new_tokens} new tokens each"),
        *([("Read", readings)] if (readings := readings_text(results)) else []),
        ("Time", f"{results.started}, {results.seconds:.1f} s"),
        ("Libraries", ", ".join(f"{name} {version}" for name, version in results.libraries.items())),
    ]
    return _section("What was gated", tag("dl", *(join(tag("dt", t), tag("dd", x)) for t, x in rows), class_="subject"))


def _named(name: str, digest: str) -> Html:
    return tag("span", name, " ", tag("code", digest, class_="digest"), class_="block")


def _footer(source: str) -> Html:
    return tag("footer", f"Rendered from {source}, a results file of version {SCHEMA_VERSION}.", class_="muted")
