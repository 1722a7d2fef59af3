"""A find stands for many, or for itself alone."""

from __future__ import annotations

from pathlib import Path

from fixtures.choosing import SeededChooser
from fixtures.types import Case
from suite.contracts import CONTRACTS
from suite.exam.cases import masked
from suite.exam.scene import Scene
from suite.gating import gate
from suite.lanes.neighbours import COUNT, neighbours
from suite.lanes.rehearsal import right, scripted
from suite.outcome import Counterexample, Never
from suite.policy import with_bars

UNDECLARED = "<start_function_call>call:nowhere{}<end_function_call><start_function_response>"
NEVER = tuple(contract for contract in CONTRACTS if isinstance(contract.bar, Never))
SCENE = Scene.on(["tuya"])


def test_neighbours_are_different_and_keep_what_the_case_consists_of():
    case = masked(SCENE, SeededChooser("1"))
    found = neighbours(case, SCENE)
    assert len(found) == COUNT
    assert len({(one.catalog.names, one.request) for one in found}) == COUNT
    for one in found:
        assert set(case.catalog.names) <= set(one.catalog.names)
        assert case.request in one.request
        assert one.oracle == case.oracle


def test_neighbours_are_decided_by_the_case():
    case = masked(SCENE, SeededChooser("1"))
    assert neighbours(case, SCENE) == neighbours(case, SCENE)


def example(broken: int, asked: int) -> Counterexample:
    case = masked(SCENE, SeededChooser("1"))
    return Counterexample("c", case, "", "", "", "search", True, "", neighbours=asked, broken_beside=broken)


def test_a_quarter_makes_a_hole():
    assert example(6, 24).is_hole
    assert not example(5, 24).is_hole
    assert not example(0, 0).is_hole


def holes_of(tmp_path: Path, answer, budget: int = 500, bars=None):
    engine, contracts = scripted(with_bars(NEVER, bars or {}), answer)
    results = gate("none", engine=engine, contracts=contracts, catalogs=["tuya"], budget=budget, cache=tmp_path)
    return results.contracts[0]


def test_one_failure_in_the_sample_no_longer_fails_and_is_shown(tmp_path: Path):
    failed: list[str] = []

    def once(case: Case) -> str:
        if case.kind == "history" and not failed:  # other kinds may ask the same twice
            failed.append(f"{case.messages}{case.catalog.names}")
        return UNDECLARED if f"{case.messages}{case.catalog.names}" in failed else right(case)

    found = holes_of(tmp_path, once, 800)
    assert found.verdict.name == "pass", found.verdict
    assert found.tally.trials - found.tally.held == 1
    assert found.counterexamples


def test_with_strict_one_failure_closes_the_gate(tmp_path: Path):
    failed: list[str] = []

    def once(case: Case) -> str:
        if case.kind == "history" and not failed:  # other kinds may ask the same twice
            failed.append(f"{case.messages}{case.catalog.names}")
        return UNDECLARED if f"{case.messages}{case.catalog.names}" in failed else right(case)

    found = holes_of(tmp_path, once, 800, {"never_hallucinates_tools": {"strict": True}})
    assert found.verdict.name == "fail"
