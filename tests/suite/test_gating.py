import math
from dataclasses import replace

import pytest

from fixtures.catalogs import load_catalog
from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import Case
from suite.contracts import CONTRACTS, DRAWN, GATING
from suite.engine import CachedEngine, ReplyStore
from suite.exam.scene import Scene
from suite.gating import gate
from suite.judging.contract import Contract
from suite.lanes.budget import Budget, most_drawn
from suite.lanes.known import Corpus
from suite.lanes.rehearsal import STRANGE, right, scripted
from suite.outcome import Never
from suite.results.cases import SHORT_ID, case_id
from suite.settings import DEFAULT_BUDGET

PROSE = "Sure, I will do that for you.<end_of_turn>"


def run(tmp_path, answer=right, *, contracts=CONTRACTS, budget=400, to_the_end=False, made_up=50, **engine):
    double, watched = scripted(contracts, answer, **engine)
    given = {"contracts": watched, "budget": budget, "to_the_end": to_the_end, "made_up": made_up}
    return gate("none", engine=double, cache=tmp_path, catalogs=["tuya"], **given), double


def verdicts(results):
    return {c.name: c.verdict.name for c in results.contracts}


def test_an_engine_that_is_always_right_and_sure_passes(tmp_path):
    results, _ = run(tmp_path)
    assert results.passed
    assert {c.name: c.verdict.name for c in results.contracts if c.bar.gating} == {c.name: "pass" for c in GATING}
    # Two are about confidence, which is always 1 here; one needs a base, and a scripted engine has none.
    unlike = {"calibrated_confidence", "less_sure_where_nothing_decides", "adapter_is_effective"}
    assert all(c.held_rate.estimate == 1 for c in results.contracts if c.name not in unlike)


@pytest.mark.parametrize("form", ["functiongemma", "intent_json"])
def test_both_formats_pass_when_right(tmp_path, form):
    wire = load_format(form)
    results, _ = run(tmp_path, lambda case: right(case, wire), form=form)
    assert results.passed


def test_prose_fails_the_choice_of_a_tool_and_shows_the_smallest_case(tmp_path):
    results, _ = run(tmp_path, lambda case: PROSE)
    failed = next(c for c in results.contracts if c.name == "chooses_a_tool")
    assert failed.verdict.name == "fail"
    assert len(failed.counterexamples[0].case.catalog.tools) == 1
    assert failed.counterexamples[0].minimal
    assert failed.counterexamples[0].raw == STRANGE  # to a smaller case than was drawn
    assert failed.counterexamples[0].replay.endswith(f" --replay {case_id(failed.counterexamples[0].case)[:SHORT_ID]}")


def test_a_hallucinated_tool_fails_only_the_contract_about_it(tmp_path):
    def answer(case):
        return right(case) if case.oracle.calls else "<start_function_call>call:made_up{}<end_function_call>"

    results, _ = run(tmp_path, answer, contracts=[c for c in GATING if c.name != "calibrated_confidence"])
    assert verdicts(results) == {
        "chooses_a_tool": "pass",
        "never_hallucinates_tools": "fail",
        "valid_calls": "pass",
        "right_tool": "pass",
        "right_arguments": "pass",
    }


def test_overconfidence_fails_calibration(tmp_path):
    def answer(case):
        return right(case) if len(case.request) % 2 else PROSE

    only = [c for c in CONTRACTS if c.name == "calibrated_confidence"]
    results, _ = run(tmp_path, answer, contracts=only, likelihood=math.log(0.99))
    assert verdicts(results) == {"calibrated_confidence": "fail"}


def test_a_gate_is_the_same_twice(tmp_path):
    first, _ = run(tmp_path / "a", lambda case: right(case) if len(case.request) % 3 else PROSE)
    second, _ = run(tmp_path / "b", lambda case: right(case) if len(case.request) % 3 else PROSE)
    assert first.contracts == second.contracts


def test_a_counterexample_is_kept_and_runs_first_next_time(tmp_path):
    strict = [replace(c, bar=Never(bound=0.05, strict=True)) for c in CONTRACTS if c.name == "chooses_a_tool"]
    _, _ = run(tmp_path, lambda case: PROSE, contracts=strict)
    kept = list((tmp_path / "counterexamples" / "chooses_a_tool").glob("*.json"))
    assert kept
    double, watched = scripted(strict)
    results = gate("none", engine=double, contracts=watched, cache=tmp_path, budget=200, catalogs=["tuya"])
    # The scripted engine has no right answer to a case that was not drawn now.
    assert {example.lane for example in results.contracts[0].counterexamples} == {"known"}
    assert double.calls < 40


def test_too_small_a_budget_leaves_a_never_contract_undecided(tmp_path):
    never = [replace(c, bar=Never(bound=0.01, strict=True)) for c in CONTRACTS if c.name == "chooses_a_tool"]
    results, _ = run(tmp_path, contracts=never, budget=100)
    assert verdicts(results) == {"chooses_a_tool": "undecided"}
    assert not results.passed


def test_contracts_share_the_replies_to_cases_they_draw_alike(tmp_path):
    by_name = {c.name: c for c in CONTRACTS}
    pair = [by_name["chooses_a_tool"], replace(by_name["chooses_a_tool"], name="twin")]
    results, engine = run(tmp_path, contracts=pair)
    assert results.contracts[0].tally.trials == results.contracts[1].tally.trials == 120
    assert engine.calls <= 120 + 2 * 60


def test_a_contract_stops_asking_as_soon_as_it_is_decided(tmp_path):
    asked = {}
    for name, answer in (("right", right), ("prose", lambda case: PROSE)):
        results, _ = run(tmp_path / name, answer, contracts=GATING)
        asked[name] = {c.name: c.tally.trials for c in results.contracts}
    # 97 of 97 say more than 95 %, 47 of 47 more than 90 %, 22 of 22 more than 80 %, 282 without a failure that less
    # than 1.25 % fail; all of it is seen at the end of a round of 40, or of the budget.
    assert asked["right"] == {
        "chooses_a_tool": 120, "never_hallucinates_tools": 300, "valid_calls": 120, "calibrated_confidence": 160,
        "right_tool": 80, "right_arguments": 40,
    }  # fmt: skip
    assert asked["prose"]["chooses_a_tool"] == 40


@pytest.mark.parametrize(("answer", "most"), [(right, 80), (lambda case: PROSE, 10)])
def test_what_does_not_gate_is_measured_along_and_not_searched(tmp_path, answer, most):
    """Less where the gate has failed, so that people hear it soon."""
    results, _ = run(tmp_path, answer)
    aside = [c for c in results.contracts if not c.bar.gating]
    most = {c.name: min(c.sample or most, most) for c in CONTRACTS}
    assert all(c.tally.trials + c.tally.not_applicable == most[c.name] for c in aside)
    assert {c.verdict.name for c in aside} <= {"measured", "undecided"}
    assert all(example.lane != "search" for c in aside for example in c.counterexamples)


def test_nothing_is_searched_for_a_contract_that_a_statistic_decides(tmp_path):
    results, engine = run(tmp_path, contracts=[c for c in GATING if c.name == "calibrated_confidence"])
    assert engine.calls == results.contracts[0].tally.trials == 160


def test_a_failed_gate_hunts_only_what_would_sink_a_never_contract(tmp_path):
    by_name = {c.name: c for c in CONTRACTS}
    watched: list[Contract] = []
    seen: dict[str, int] = {}
    for name in ("chooses_a_tool", "valid_calls", "never_hallucinates_tools"):

        def judge(case, reply, name=name):
            seen[name] = seen.get(name, 0) + 1
            return by_name[name].judge(case, reply)

        watched.append(replace(by_name[name], judge=judge))
    run(tmp_path, lambda case: PROSE if case.kind == "clear" else right(case), contracts=watched, budget=400)
    assert seen["valid_calls"] == 120
    assert seen["never_hallucinates_tools"] == 40 + 60


def test_a_gate_to_the_end_draws_what_it_may_and_no_more(tmp_path):
    results, _ = run(tmp_path, to_the_end=True, budget=120)
    drawn = {c.name: c.tally.trials + c.tally.not_applicable for c in results.contracts}
    assert drawn == {c.name: most_drawn(c, 120) for c in DRAWN}
    assert set(drawn.values()) == {90, 80, 40, 20}


def test_once_a_contract_has_failed_the_others_are_not_measured_to_the_last_case(tmp_path):
    never = replace(
        next(c for c in CONTRACTS if c.name == "chooses_a_tool"), name="never", bar=Never(bound=0.0125, strict=True)
    )
    fails = next(c for c in CONTRACTS if c.name == "never_hallucinates_tools")
    made_up = "<start_function_call>call:made_up{}<end_function_call>"
    results, _ = run(tmp_path, lambda case: right(case) if case.oracle.calls else made_up, contracts=[never, fails])
    assert {c.name: c.tally.trials for c in results.contracts} == {"never": 120, "never_hallucinates_tools": 40}
    assert verdicts(results) == {"never": "undecided", "never_hallucinates_tools": "fail"}


def test_once_a_contract_has_failed_what_cannot_be_decided_soon_is_asked_no_more(tmp_path):
    fails = next(c for c in CONTRACTS if c.name == "never_hallucinates_tools")
    made_up = "<start_function_call>call:made_up{}<end_function_call>"
    slips: dict[str, Case] = {}

    def answer(case):
        """Wrong where nothing fits, and prose to the first clear request."""
        if not case.oracle.calls:
            return made_up
        return PROSE if case.kind == "clear" and case is slips.setdefault("first", case) else right(case)

    results, _ = run(tmp_path, answer, contracts=[fails, *(c for c in GATING if c is not fails)])
    assert {c.name: c.tally.trials for c in results.contracts} == {
        "never_hallucinates_tools": 40,
        "chooses_a_tool": 40,  # 119 of 120 would leave it undecided
        "valid_calls": 120,
        "calibrated_confidence": 40,
        "right_tool": 80,
        "right_arguments": 39,  # to the prose it does not apply
    }


def test_to_the_end_all_adapters_sit_the_same_exam(tmp_path):
    results, _ = run(tmp_path, lambda case: PROSE, contracts=GATING, budget=200, to_the_end=True)
    assert {c.tally.trials + c.tally.not_applicable for c in results.contracts} == {150}
    assert results.to_the_end
    assert not results.passed


def test_a_known_failure_of_a_never_contract_is_enough(tmp_path):
    double, watched = scripted(
        [replace(c, bar=Never(bound=0.05, strict=True)) for c in CONTRACTS if c.name == "chooses_a_tool"]
    )
    double.answer = lambda prompt: PROSE
    results = [
        gate("none", engine=double, contracts=watched, cache=tmp_path, budget=400, catalogs=["tuya"]) for _ in range(2)
    ]
    assert [r.contracts[0].tally.trials for r in results] == [40, 0]
    assert results[1].contracts[0].tally.found == 3
    assert results[1].contracts[0].verdict.name == "fail"


def test_beside_a_known_failure_the_others_have_their_first_round(tmp_path):
    """A gate that runs again after a failure, as nightly ones do."""
    double, watched = scripted(GATING)
    double.answer = lambda prompt: "<start_function_call>call:made_up{}<end_function_call>"
    asked = {"engine": double, "contracts": watched, "cache": tmp_path, "catalogs": ["tuya"]}
    gate("none", **asked)
    counts = {c.name: c.tally.trials + c.tally.not_applicable for c in gate("none", **asked).contracts}
    assert counts.pop("never_hallucinates_tools") == 40  # what is known decides nothing by itself
    assert min(counts.values()) == 40


def test_the_gate_says_what_it_risks(tmp_path):
    results, _ = run(tmp_path)
    assert dict(results.risks) == {"alpha": 0.05, "beta": 0.05}
    rates = [c for c in results.contracts if c.name == "chooses_a_tool"]
    assert "at most 5 % of gates say so" in rates[0].verdict.reason


def test_the_budget_is_split_without_loss():
    for calls in (20, 400, 999):
        split = Budget.of(calls)
        assert split.measure + split.search + split.shrink == calls


def test_the_default_budget_decides_most_adapters_at_an_acceptable_rate():
    # 95 % of verdicts at 98 % take 680 cases at most: python -m benchmarks.error_rates.
    assert Budget.of(DEFAULT_BUDGET).measure >= 680


def test_a_failing_gate_asks_nothing_new_when_it_is_run_again(tmp_path):
    engine, watched = scripted(CONTRACTS, lambda case: right(case) if len(case.request) % 3 else PROSE)
    asked = []

    def cached():
        store = ReplyStore(tmp_path / "replies")
        return CachedEngine(engine.identity, engine.format, lambda: engine, store)

    for _ in range(2):
        asked.append(engine.calls)
        gate("none", engine=cached(), contracts=watched, cache=tmp_path, budget=60, catalogs=["tuya"])
    assert 0 < asked[1] == engine.calls


def test_with_nothing_made_up_only_the_catalogs_given_count(tmp_path):
    known = Corpus(tmp_path / "counterexamples")
    for scene in (Scene(()), Scene((load_catalog("tuya"),), made_up_percent=0)):
        known.keep("chooses_a_tool", GATING[0].draw(scene, SeededChooser("known")))
    seen = set()

    def answer(case):
        seen.add(case.catalog.name)
        return right(case)

    results, _ = run(tmp_path, answer, contracts=GATING[:1], made_up=0)
    assert seen == {"tuya"}
    assert results.made_up_percent == 0
    assert [(e.lane, e.case.catalog.name) for e in results.contracts[0].counterexamples] == [("known", "tuya")]


def test_a_share_that_is_no_percentage_is_refused(tmp_path):
    with pytest.raises(UserError, match="0 to 100"):
        run(tmp_path, made_up=101)
