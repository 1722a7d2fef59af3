import re
from dataclasses import replace
from itertools import pairwise

import pytest

from fixtures.printing import printable
from fixtures.types import Variant
from reports.page import render
from suite.outcome import Interval, PolicyUsed, Results
from suite.results.file import from_json, to_json
from tests.reports import full
from tests.reports.full import ATTACK
from tests.reports.reader import Reader
from tests.reports.sample import CALIBRATED, CHOOSES, FAILING, HOSTILE, INVENTED, PASSING, SALVAGED

BOTH = pytest.mark.parametrize("results", [PASSING, FAILING, full.full()], ids=["passing", "failing", "full"])


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


@pytest.mark.parametrize("attack", [HOSTILE, ATTACK], ids=["reply", "attack"])
def test_no_text_breaks_out_of_its_place(attack: str) -> None:
    hostile = Reader(full.page(attack))
    plain = Reader(full.page())
    # The same elements, but for names that may break at more places and counts that follow from the texts.
    names = {name for name, _ in plain.elements}
    assert {name for name, _ in hostile.elements} <= names
    assert {a for _, attributes in hostile.elements for a in attributes} <= {
        a for _, attributes in plain.elements for a in attributes
    }
    assert hostile.text.count(printable(HOSTILE)) > 100
    assert "7 * 7" in hostile.text or attack == HOSTILE
    assert "\x1b" not in hostile.text
    assert "\u202e" not in hostile.text


@BOTH
def test_elements_are_closed_in_order(results: Results) -> None:
    open_: list[str] = []
    for closing, name, empty in re.findall(r"<(/?)([a-z][a-z0-9]*)\b[^>]*?(/?)>", render(results, "r.json")):
        if closing:
            assert open_.pop() == name
        elif name not in ("meta", "br", "wbr") and not empty:
            open_.append(name)
    assert open_ == []


@BOTH
def test_charts_are_told_in_words_and_links_have_targets(results: Results) -> None:
    elements = Reader(render(results, "r.json")).elements
    charts = [attributes for name, attributes in elements if name == "svg"]
    assert len(charts) > len(results.contracts) - 1
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)
    ids = [attributes["id"] for _, attributes in elements if "id" in attributes]
    kept = sum(len(contract.counterexamples) for contract in results.contracts)
    assert len(ids) == len(set(ids)) == len(results.contracts) + kept
    assert {str(a["href"])[1:] for _, a in elements if "href" in a} <= set(ids)


@BOTH
def test_headings_go_down_step_by_step_and_tables_have_captions(results: Results) -> None:
    elements = [name for name, _ in Reader(render(results, "r.json")).elements]
    levels = [int(name[1]) for name in elements if re.fullmatch("h[1-6]", name)]
    assert levels[0] == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert elements.count("table") == elements.count("caption")


def test_what_matters_comes_first() -> None:
    contracts = (*FAILING.contracts[:4], replace(SALVAGED, held_rate=Interval(0.3, 0.2, 0.4)))
    text = Reader(render(replace(FAILING, contracts=contracts), "r.json")).text
    order = (
        "Gate not passed", "What closes the gate", FAILING.contracts[0].verdict.reason, "Not gating, and kept in less",
        "30.0 %", "on one scale from 0 to 100 %", "Measured, not gating", "Of gating contracts", "What was gated",
    )  # fmt: skip
    places = [text.index(told) for told in order]
    assert places == sorted(places)


def test_a_gate_that_passes_is_closed_by_nothing() -> None:
    text = Reader(render(PASSING, "r.json")).text
    assert "What closes the gate" not in text
    assert "kept in less than" not in text


def test_gating_contracts_stand_first_on_one_scale_of_shares() -> None:
    page = render(replace(PASSING, contracts=(SALVAGED, CHOOSES, CALIBRATED)), "r.json")
    places = [page.index(f'aria-label="{told}') for told in ("99.3 %, ", "96.9 %, ", "92.0 %, ")]
    assert places == sorted(places)
    assert re.findall(r'<line x1="([0-9.]+)%" x2="[0-9.]+%" y1="2" y2="24" class="bar"/>', page) == ["95", "85"]
    ends = [float(x) for x in re.findall(r'(?:cx|x1|x2)="([0-9.]+)%"', page)]
    assert all(0 <= x <= 100 for x in ends)


def test_counterexamples_of_gating_contracts_come_first_under_their_own_numbers() -> None:
    broken = replace(SALVAGED, counterexamples=(replace(INVENTED, contract=SALVAGED.name),))
    page = render(replace(FAILING, contracts=(broken, *FAILING.contracts[:4])), "r.json")
    assert re.findall(r'<article id="counterexample-(\d)"', page) == ["2", "3", "1"]


def test_what_the_owner_set_stands_beside_the_verdict_and_in_the_policy() -> None:
    changed = replace(PASSING, policy=PolicyUsed("ab12" * 16, ("valid_calls above 70 %",)))
    text = Reader(render(changed, "r.json")).text
    assert text.count("valid_calls above 70 %") == 2
    assert text.index("By the owner's bars: valid_calls above 70 %.") < text.index("on one scale")
    assert "1 bar not the default" in text
    assert "all bars are the default" in Reader(render(PASSING, "r.json")).text


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
