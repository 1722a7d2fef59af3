"""Who may take a name, and which policy is weaker than another: two tables."""

from __future__ import annotations

from typing import Any

import pytest

from suite.outcome import ContractResult
from tests.train.promotion.bench import contract, results
from train.promotion.decision import Hold, Promote, decide
from train.promotion.policy import riskier, weaker


@pytest.mark.parametrize(
    ("contracts", "decision"),
    [
        ([contract("pass")], Promote("a" * 16)),
        ([contract("pass"), contract("measured", gating=False)], Promote("a" * 16)),
        ([contract("pass"), contract("fail", gating=False)], Promote("a" * 16)),
        ([contract("pass"), contract("fail")], Hold(("c_fail: fail, because",))),
        ([contract("undecided"), contract("pass")], Hold(("c_undecided: undecided, because",))),
        (
            [contract("undecided"), contract("fail")],
            Hold(("c_undecided: undecided, because", "c_fail: fail, because")),
        ),
        ([contract("measured")], Hold(("c_measured: measured, because",))),
        ([contract("measured", gating=False)], Hold(("no gating contract was asked",))),
        ([], Hold(("no gating contract was asked",))),
    ],
    ids=["all pass", "one measured", "fail not gating", "fail", "undecided", "both", "odd", "none gating", "nothing"],
)
def test_only_a_clean_pass_promotes(contracts: list[ContractResult], decision: Promote | Hold) -> None:
    assert decide(results(contracts)) == decision


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        ({"because": "no need"}, Promote("a" * 16)),
        ({"weakened": ["x"], "because": "a reason"}, Promote("a" * 16, weakened=("x",))),
        ({"weakened": ["x"]}, Hold(("the policy is weaker than that of the last promotion: x",))),
        ({"revoked": "it leaks"}, Hold(("this adapter was revoked: it leaks",))),
        ({"revoked": "it leaks", "because": "a reason"}, Hold(("this adapter was revoked: it leaks",))),
    ],
    ids=["same policy", "weaker with a reason", "weaker", "revoked", "revoked with a reason"],
)
def test_a_weaker_policy_and_a_revoked_adapter_hold(said: dict[str, Any], decision: Promote | Hold) -> None:
    assert decide(results([contract("pass")]), **said) == decision


def bar(kind: str, *, gating: bool = True, **numbers: Any) -> dict[str, Any]:
    return {"kind": kind, "gating": gating, **numbers}


NEVER, RATE = bar("never", bound=0.01), bar("rate", at_least=0.95, acceptable=0.98)
CEILING = bar("ceiling", statistic="ece", at_most=0.1)
REPORT = bar("report_only", gating=False)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (NEVER, NEVER, ""),
        (NEVER, bar("never", bound=0.02), "bound was 0.01, is 0.02"),
        (NEVER, bar("never", bound=0.005), ""),
        (NEVER, RATE, "was never bound 0.01, is rate at_least 0.95"),
        (RATE, bar("rate", at_least=0.9, acceptable=0.98), "at_least was 0.95, is 0.9"),
        (RATE, bar("rate", at_least=0.96, acceptable=0.97), ""),
        (RATE, NEVER, ""),
        (bar("rate", at_least=0.995), NEVER, "was rate at_least 0.995, is never bound 0.01"),
        (CEILING, bar("ceiling", statistic="ece", at_most=0.2), "at_most was 0.1, is 0.2"),
        (CEILING, bar("ceiling", statistic="ece", at_most=0.05), ""),
        (CEILING, bar("ceiling", statistic="brier", at_most=0.1), "was ceiling statistic ece at_most 0.1, is "),
        (bar("every"), bar("every"), ""),
        (bar("every"), RATE, "was every, is rate"),
        (RATE, REPORT, "it gated, and does not gate any more"),
        (RATE, None, "it gated, and is not asked any more"),
        (REPORT, None, ""),
        (REPORT, RATE, ""),
        (bar("no_worse"), None, "it gated, and is not asked any more"),
    ],
)
def test_a_bar_that_lets_more_through_is_told(before: dict[str, Any], after: Any, told: str) -> None:
    found = weaker({"c": before}, {"c": after} if after else {}, compared=True)
    assert found[0].startswith(f"c: {told}") if told else not found


def test_the_comparison_with_a_champion_is_missed_only_where_there_is_one() -> None:
    assert weaker({"c": bar("no_worse")}, {}, compared=False) == ()


@pytest.mark.parametrize(
    ("after", "told"), [(0.05, ()), (0.01, ()), (0.1, ("beta: was 0.05, is 0.1",))], ids=["same", "less", "more"]
)
def test_a_gate_that_accepts_more_bad_adapters_is_weaker(after: float, told: tuple[str, ...]) -> None:
    assert riskier({"alpha": 0.05, "beta": 0.05}, {"alpha": 0.2, "beta": after}) == told
