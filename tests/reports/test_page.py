import re
from dataclasses import replace
from typing import Any

import pytest

from fixtures.printing import printable
from fixtures.types import Variant
from reports.page import render
from suite.outcome import Results
from suite.results.file import from_json, to_json
from tests.reports.sample import FAILING, HOSTILE, PASSING
from tests.reports.test_html import Reader

BOTH = pytest.mark.parametrize("results", [PASSING, FAILING], ids=["passing", "failing"])
CHOICES = ("kind", "lane", "policy", "started", "type", "statistic")  # keys whose text is not free
VERDICTS = ("pass", "fail", "undecided", "measured")


def hostile(value: Any, key: str = "") -> Any:
    """The same document with every free text, and every free key, replaced by one that tries to break out."""
    if isinstance(value, dict):
        open_keys = key in ("measures", "curves", "catalogs", "libraries", "calls")
        return {HOSTILE + k if open_keys else k: hostile(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [hostile(item) for item in value]
    return HOSTILE if isinstance(value, str) and key not in CHOICES and value not in VERDICTS else value


def test_the_verdict_stands_first() -> None:
    assert "<h1>Gate passed</h1>" in render(PASSING, "r.json")
    assert "<h1>Gate not passed</h1>" in render(FAILING, "r.json")


@BOTH
def test_every_fact_of_the_results_is_there(results: Results) -> None:
    text = Reader(render(results, "r.json")).text
    facts = [*results.catalogs, *results.catalogs.values(), results.identity.adapter_digest, "seed 7", "104 cached"]
    for contract in results.contracts:
        facts += [contract.name, contract.promise, contract.verdict.reason]
        facts += [printable(x) for e in contract.counterexamples for x in (e.raw, e.got, e.wanted, e.replay)]
    assert [fact for fact in facts if fact not in text] == []


@pytest.mark.parametrize("pair", [True, False])
def test_a_reply_that_was_compared_stands_below_the_first(pair: bool) -> None:
    number = next(n for n, contract in enumerate(FAILING.contracts) if contract.counterexamples)
    contract = FAILING.contracts[number]
    (example,) = contract.counterexamples
    case = replace(example.case, variant=Variant("in capitals", example.case)) if pair else example.case
    shown = replace(contract, counterexamples=(replace(example, case=case, other="the other reply"),))
    results = replace(FAILING, contracts=(*FAILING.contracts[:number], shown, *FAILING.contracts[number + 1 :]))
    text = Reader(render(from_json(to_json(results)), "r.json")).text
    title = "Reply when asked otherwise" if pair else "Reply it is compared with"
    assert text.index(printable(example.raw)) < text.index(title) < text.index("the other reply")


@BOTH
def test_nothing_is_loaded_and_nothing_runs(results: Results) -> None:
    page = render(results, "r.json")
    elements = Reader(page).elements
    assert {name for name, _ in elements}.isdisjoint({"script", "link", "img", "iframe", "object", "base", "form"})
    assert not [a for _, attributes in elements for a in attributes if a in ("src", "srcset") or a.startswith("on")]
    assert all(attributes["href"].startswith("#") for _, attributes in elements if attributes.get("href"))  # type: ignore[union-attr]
    assert not re.search(r"url\(|@import|https?:", page)
    assert any("default-src 'none'" in str(attributes.get("content")) for _, attributes in elements)


def test_no_text_breaks_out_of_its_place() -> None:
    document = hostile(to_json(FAILING))
    attacked = Reader(render(from_json(document), HOSTILE))
    assert [name for name, _ in attacked.elements if name in ("script", "img")] == []
    plain = [name for name, _ in Reader(render(FAILING, "r.json")).elements]
    # Cut by cut the same page, but for figures whose names no longer say which confidence they are of.
    assert {name for name, _ in attacked.elements} == set(plain)
    assert attacked.text.count(printable(HOSTILE)) > 50


@BOTH
def test_elements_are_closed_in_order(results: Results) -> None:
    open_: list[str] = []
    for closing, name in re.findall(r"<(/?)([a-z][a-z0-9]*)\b", render(results, "r.json")):
        if closing:
            assert open_.pop() == name
        elif name not in ("meta", "br"):
            open_.append(name)
    assert open_ == []


@BOTH
def test_charts_are_told_in_words_and_links_have_targets(results: Results) -> None:
    elements = Reader(render(results, "r.json")).elements
    charts = [attributes for name, attributes in elements if name == "svg"]
    assert len(charts) > len(results.contracts) - 1
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    assert len(ids) == len(set(ids)) == len(results.contracts)
    assert {str(a["href"])[1:] for _, a in elements if "href" in a} <= set(ids)


def test_each_kind_of_confidence_has_a_chart() -> None:
    calibrated = FAILING.contracts[3]
    both = replace(calibrated, curves={**calibrated.curves, "verbalised": calibrated.curves["likelihood"]})
    page = render(replace(FAILING, contracts=(both,)), "r.json")
    assert page.count('class="reliability"') == 2
    assert "confidence (verbalised)" in page


def test_the_calibrator_is_told_if_there_is_one() -> None:
    shown, plain = (Reader(render(replace(PASSING, calibrator=c), "r.json")).text for c in (PASSING.calibrator, None))
    assert "isotonic calibrator of the likelihood" in shown
    assert "Calibrator" in shown
    assert "Calibrator" not in plain


def test_a_gate_without_contracts_has_a_page_too() -> None:
    text = Reader(render(replace(PASSING, contracts=()), "r.json")).text
    assert "No contract was judged." in text
    assert "no gating contract was judged" in text


@BOTH
def test_the_page_depends_on_the_results_only(results: Results) -> None:
    assert render(results, "r.json") == render(results, "r.json")
