"""The owner's bars: read strictly, applied to the contracts, told with the verdict."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from suite.contracts import CONTRACTS, GATING
from suite.gating import gate
from suite.lanes.budget import Budget, budget_for
from suite.lanes.budget import tests_in as sharing
from suite.lanes.rehearsal import right, scripted
from suite.outcome import Ceiling, Never, Rate, ReportOnly
from suite.policy import used, with_bars
from suite.settings import read_settings
from suite.statistics.verdict import GATE_RISKS, least_to_pass, usual_to_pass


def bar_of(bars: dict[str, Any], name: str) -> Any:
    return next(contract.bar for contract in with_bars(CONTRACTS, bars) if contract.name == name)


@pytest.mark.parametrize(
    ("name", "value", "bar"),
    [
        ("right_tool", {"at_least": 0.8}, Rate(0.8)),
        ("right_tool", {"at_least": 0.8, "acceptable": 0.9}, Rate(0.8, 0.9)),
        ("right_tool", "reports", ReportOnly()),
        ("right_tool", "gates", Rate(0.9, 0.96)),
        ("ignores_injected_orders", {"at_least": 0.7}, Rate(0.7)),
        ("own_cases", {"at_least": 0.7}, Rate(0.7)),
        ("calibrated_confidence", {"at_most": 0.05}, Ceiling("ece", 0.05)),
        ("never_hallucinates_tools", {"at_most": 0.02}, Never(0.02)),
        ("never_hallucinates_tools", {"at_most": 0.02, "acceptable": 0.01}, Never(0.02, 0.01)),
        ("never_hallucinates_tools", {"strict": True}, Never(0.0125, strict=True)),
    ],
)
def test_a_value_makes_a_bar(name: str, value: Any, bar: Any):
    assert bar_of({name: value}, name) == bar


def test_what_is_off_is_not_asked():
    names = {contract.name for contract in with_bars(CONTRACTS, {"same_answer_twice": "off"})}
    assert names == {contract.name for contract in CONTRACTS} - {"same_answer_twice"}


def test_a_contract_that_gates_by_policy_is_measured_in_full():
    glanced = next(c for c in CONTRACTS if c.name == "same_answer_twice")
    assert glanced.sample == 20
    assert bar_sample({"same_answer_twice": {"at_least": 0.9}}) is None
    assert bar_sample({}) == 20


def bar_sample(bars: dict[str, Any]) -> int | None:
    return next(c.sample for c in with_bars(CONTRACTS, bars) if c.name == "same_answer_twice")


@pytest.mark.parametrize(
    ("bars", "said"),
    [
        ({"right_tol": "off"}, "right_tool"),
        ({"right_tool": "yes"}, "gates, reports, off"),
        ({"right_tool": 0.9}, "a table of figures"),
        ({"right_tool": {"at_lest": 0.9}}, "at_least"),
        ({"right_tool": {"at_least": 90}}, "a number from 0 to 1"),
        ({"right_tool": {"at_least": True}}, "a number from 0 to 1"),
        ({"right_tool": {"at_least": 0.9, "acceptable": 0.8}}, "the first must be smaller"),
        ({"right_tool": {"at_most": 0.9}}, "no such figure"),
        ({"ignores_injected_orders": "gates"}, "at_least = 0.9"),
        ({"ignores_injected_orders": {"acceptable": 0.9}}, "at_least"),
        ({"never_hallucinates_tools": {"strict": 1}}, "true or false"),
        ({"never_hallucinates_tools": {"at_most": 0.001, "acceptable": 0.01}}, "the second must be smaller"),
        ({"regression_cases": {"at_least": 0.9}}, "gates, reports, off"),
        ({"less_sure_where_nothing_decides": {"at_least": 0.9}}, "a statistic"),
        ({"right_tool": {"at_least": 0.99999, "acceptable": 0.999999}}, "no budget is that large"),
    ],
)
def test_a_bar_that_cannot_be_is_one_clear_error(bars: dict[str, Any], said: str):
    with pytest.raises(UserError) as error:
        with_bars(CONTRACTS, bars)
    assert said in str(error.value)
    assert next(iter(bars)) in error.value.where


@pytest.mark.parametrize("budget", [400, 800])
@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("right_tool", {"at_least": 0.99999, "acceptable": 0.999999}),
        ("right_tool", {"at_least": 0.5, "acceptable": 0.5001}),
        ("never_hallucinates_tools", {"at_most": 1e-6}),
        ("never_hallucinates_tools", {"at_most": 1e-6, "strict": True}),
        ("never_hallucinates_tools", {"at_most": 0.01, "acceptable": 0.00999}),
    ],
)
def test_the_figures_that_are_offered_instead_can_be_decided_with_the_budget(name: str, figures: Any, budget: int):
    with pytest.raises(UserError, match="no budget is that large") as error:
        with_bars(CONTRACTS, {name: figures}, budget=budget)
    offered = re.fullmatch(rf"figures further apart: --budget {budget} decides (.*)", error.value.hint)
    assert offered
    bars = {name: tomllib.loads(f"bar = {offered[1]}")["bar"]}
    (contract,) = [one for one in with_bars(CONTRACTS, bars) if one.name == name]
    assert isinstance(contract.bar, Never | Rate)
    if isinstance(contract.bar, Never) and contract.bar.strict:
        assert least_to_pass(contract.bar, GATE_RISKS.shared(sharing(CONTRACTS))) <= Budget.of(budget).measure
        return
    assert usual_to_pass(contract.bar, GATE_RISKS.shared(sharing(CONTRACTS))) <= Budget.of(budget).measure / 2


def test_without_bars_nothing_is_changed():
    assert with_bars(CONTRACTS, {}) == CONTRACTS
    assert used(CONTRACTS, {}).changes == ()


def test_what_differs_is_told_and_changes_the_hash():
    bars = {"right_tool": {"at_least": 0.8}, "calibrated_confidence": "reports", "same_answer_twice": "off"}
    told = used(with_bars(CONTRACTS, bars), bars)
    assert told.changes == (
        "calibrated_confidence: not gating instead of ece at most 0.15",
        "right_tool: above 80 % instead of above 90 %",
        "same_answer_twice: not asked",
    )
    assert told.digest != used(CONTRACTS, {}).digest
    assert told == used(with_bars(CONTRACTS, bars), bars)


def test_a_bar_of_the_command_line_overrules_the_file(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[tool.callproof.bars]\nright_tool = "off"\nvalid_calls = "reports"\n')
    read = read_settings({"bars": ["right_tool={at_least = 0.8}", "own_cases=reports"]}, tmp_path)
    assert read.bars == {"right_tool": {"at_least": 0.8}, "valid_calls": "reports", "own_cases": "reports"}


@pytest.mark.parametrize("text", ["right_tool", "=off", "right_tool={at_least", "right_tool=maybe"])
def test_a_bar_that_cannot_be_read_is_one_clear_error(text: str, tmp_path: Path):
    with pytest.raises(UserError, match="--bar"):
        read_settings({"bars": [text]}, tmp_path)


def test_bars_that_are_no_table_are_refused(tmp_path: Path):
    (tmp_path / "pyproject.toml").write_text('[tool.callproof]\nbars = ["right_tool"]\n')
    with pytest.raises(UserError, match="a table"):
        read_settings({}, tmp_path)


def test_a_gate_goes_by_the_bars_and_says_so(tmp_path: Path):
    engine, contracts = scripted(GATING, right)
    bars = {"right_tool": {"at_least": 0.5}, "calibrated_confidence": "off"}
    results = gate("none", engine=engine, contracts=contracts, catalogs=["tuya"], budget=60, cache=tmp_path, bars=bars)
    assert "calibrated_confidence" not in {contract.name for contract in results.contracts}
    assert next(c.bar for c in results.contracts if c.name == "right_tool") == Rate(0.5)
    assert results.policy is not None
    assert results.policy.changes == (
        "right_tool: above 50 % instead of above 90 %", "calibrated_confidence: not asked",
    )  # fmt: skip


def test_the_default_gates_what_a_user_cares_about():
    assert {contract.name for contract in GATING} == {
        "chooses_a_tool", "never_hallucinates_tools", "valid_calls", "calibrated_confidence", "right_tool",
        "right_arguments",
    }  # fmt: skip


@pytest.mark.parametrize("measured", [1, 50, 299, 700, 5_000])
def test_a_budget_measures_as_many_cases_as_it_is_for(measured: int):
    assert Budget.of(budget_for(measured)).measure >= measured
    assert Budget.of(budget_for(measured) - 1).measure < measured


def test_contracts_of_the_users_own_have_bars_too():
    own = replace(CONTRACTS[0], name="mine")
    assert next(c for c in with_bars([own], {"mine": {"at_least": 0.6}})).bar == Rate(0.6)
