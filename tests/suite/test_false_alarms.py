"""Adapters of known rates are right but for their fault, and the gate sees that fault alone."""

import pytest

from benchmarks.false_alarms import Known, gated, verdict
from suite import gate
from suite.contracts import GATING
from suite.lanes.rehearsal import scripted


def said(adapter, tmp_path, seed=1):
    engine, contracts = scripted(GATING, lambda case: adapter.says(case, seed), likelihood=adapter.sure)
    results = gate("none", engine=engine, contracts=contracts, catalogs=["tuya"], budget=160, cache=tmp_path)
    return {c.name: c for c in results.contracts}


@pytest.mark.parametrize(
    ("adapter", "contract"),
    [
        (Known(0.3, 0), "chooses_a_tool"),
        (Known(0, 0.3), "valid_calls"),
        (Known(0, 0, undeclared=0.3), "never_hallucinates_tools"),
    ],
)
def test_a_fault_is_in_its_own_contract_at_about_its_rate(adapter, contract, tmp_path):
    found = said(adapter, tmp_path, seed=3)
    counts = {name: result.tally for name, result in found.items() if name != "calibrated_confidence"}
    broken = {name for name, tally in counts.items() if tally.held < tally.trials}
    # Who says prose where a tool fits calls no right one either.
    assert broken == {contract} | ({"right_tool"} if adapter.prose else set())
    assert found[contract].verdict.name == "fail"
    assert found[contract].held_rate.low <= 0.7 <= found[contract].held_rate.high


def test_an_adapter_answers_a_case_alike_each_time(tmp_path):
    one, again = (said(Known(0.1, 0.1), tmp_path / name) for name in ("one", "again"))
    assert {n: c.tally for n, c in one.items()} == {n: c.tally for n, c in again.items()}


def test_a_good_adapter_passes_the_whole_gate_and_one_beyond_the_bar_does_not():
    assert verdict(gated(Known(0.002, 0.002), seed=1)) == "passed"
    assert verdict(gated(Known(0.08, 0.01), seed=1)) == "failed"
