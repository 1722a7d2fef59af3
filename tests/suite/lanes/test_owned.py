"""A gate with rows of the user's own, on an engine that knows every right answer or breaks what it is told to."""

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import Case, Oracle, ToolCall, assistant
from suite import gate
from suite.contracts import CONTRACTS, DRAWN
from suite.exam.own import read_own
from suite.lanes.rehearsal import right, scripted
from suite.lanes.rehearsal import write as said
from suite.outcome import ContractResult, Results
from suite.results.file import read, write
from tests.own_rows import asked, light, row, written

OF_ROWS = tuple(contract for contract in CONTRACTS if contract.rows)
PROSE = "Sure, I will do that.<end_of_turn>"


def wrong_at(*requests: str) -> Callable[[Case], str]:
    return lambda case: PROSE if case.request in requests else right(case)


def gated(folder: Path, rows: Any, answer: Callable[[Case], str] = right, **more: Any) -> Results:
    file = written(folder / "rows.jsonl", rows)
    own = [one.case for one in read_own([file], [], load_format("functiongemma")).rows]
    likelihood = more.pop("likelihood", 0.0)
    engine, contracts = scripted(more.pop("contracts", OF_ROWS), answer, own=own, likelihood=likelihood)
    return gate("none", engine=engine, contracts=contracts, cases=[file], cache=folder / "cache", **more)


def found(results: Results) -> dict[str, ContractResult]:
    return {contract.name: contract for contract in results.contracts}


def lights(count: int, **more: Any) -> list[dict[str, Any]]:
    return [light(number, **more) for number in range(count)]


def requests(*numbers: int) -> list[str]:
    return [f"light up zone {number}" for number in numbers]


def test_each_contract_is_asked_only_where_there_are_such_rows(tmp_path: Path) -> None:
    assert set(found(gated(tmp_path, lights(3)))) == {"own_cases"}
    assert set(found(gated(tmp_path, lights(3, must=True)))) == {"regression_cases"}
    assert set(found(gated(tmp_path, [*lights(3), light(9, must=True)]))) == {"own_cases", "regression_cases"}


def test_a_small_file_is_asked_whole_and_each_row_once(tmp_path: Path) -> None:
    results = gated(tmp_path, lights(20), wrong_at(*requests(1, 2, 3)))
    (own,) = results.contracts
    assert (own.tally.trials, own.tally.held, own.verdict.name) == (20, 17, "pass")
    assert results.calls["generated"] == 20
    assert own.measures["share of the file"].low == own.measures["share of the file"].high == 0.85
    assert gated(tmp_path / "..", lights(20), wrong_at(*requests(1, 2, 3, 4))).contracts[0].verdict.name == "fail"


def test_a_large_file_is_asked_until_the_test_is_sure(tmp_path: Path) -> None:
    (own,) = gated(tmp_path, lights(200)).contracts
    assert (own.tally.trials, own.verdict.name) == (40, "pass")
    assert "160 were not asked" in own.verdict.reason


def test_a_file_larger_than_the_budget_may_stay_undecided(tmp_path: Path) -> None:
    results = gated(tmp_path, lights(60), wrong_at(*requests(*range(0, 60, 9))), budget=40)
    assert results.contracts[0].verdict.name == "undecided"
    assert not results.passed


def test_regression_cases_are_all_asked_whatever_the_budget_is_and_the_broken_ones_named(tmp_path: Path) -> None:
    (must,) = gated(tmp_path, lights(60, must=True), wrong_at(*requests(7, 30)), budget=20).contracts
    assert (must.tally.trials, must.tally.held, must.verdict.name) == (60, 58, "fail")
    assert '"light up zone 7" (' in must.verdict.reason
    assert "rows.jsonl:8)" in must.verdict.reason
    assert "rows.jsonl:31)" in must.verdict.reason
    assert must.held_rate
    assert must.held_rate.low == must.held_rate.high == 58 / 60


def test_regression_cases_do_not_count_among_the_others(tmp_path: Path) -> None:
    both = found(
        gated(tmp_path, [*lights(8), *(light(n, must=True) for n in range(100, 140))], wrong_at(*requests(1, 2)))
    )
    assert (both["own_cases"].tally.trials, both["own_cases"].verdict.name) == (8, "fail")
    assert (both["regression_cases"].tally.trials, both["regression_cases"].verdict.name) == (40, "pass")


def test_the_parts_leave_out_what_must_hold_and_have_their_intervals(tmp_path: Path) -> None:
    rows = [light(1, tags=["a"]), light(2, tags=["a", "b"]), row("sing", kind="none"), light(9, must=True, tags=["a"])]
    own = gated(tmp_path, rows, wrong_at(*requests(2, 9))).own
    assert own
    parts = {(part.by, part.name): (part.held, part.trials) for part in own.slices}
    assert parts == {
        ("tag", "a"): (1, 2), ("tag", "b"): (0, 1), ("tool", "set_light"): (1, 2), ("tool", "no call"): (1, 1),
        ("kind", "own"): (1, 2), ("kind", "none"): (1, 1),
    }  # fmt: skip
    assert all(part.rate.low < part.rate.high for part in own.slices)
    assert [part.name for part in own.slices][:2] == ["b", "a"]


def test_what_was_called_is_set_against_what_was_right(tmp_path: Path) -> None:
    blinds = {"name": "open_blinds", "arguments": {"zone": "b"}}
    rows = [light(1), light(2), asked("sing", [[], [blinds]]), light(3, acceptable=[[blinds]])]

    def answer(case: Case) -> str:
        if case.request in ("sing", "light up zone 3"):
            return said(load_format("functiongemma"), case, dict(assistant([ToolCall("open_blinds", {"zone": "b"})])))
        return "<start_function_call>call:" if case.request == "light up zone 2" else right(case)

    own = gated(tmp_path, rows, answer).own
    assert own
    assert {(pair.right, pair.called): pair.count for pair in own.called} == {
        ("set_light", "set_light"): 1, ("open_blinds", "open_blinds"): 2, ("set_light", "nothing that can be read"): 1
    }  # fmt: skip
    assert [(row.request, row.line) for row in own.broken] == [("light up zone 2", 2)]


def test_the_surest_of_the_broken_rows_stands_first(tmp_path: Path) -> None:
    def answer(case: Case) -> str:
        sure = {"light up zone 1": 0.4, "light up zone 2": 0.9}.get(case.request)
        if sure is None:
            return right(case, load_format("intent_json"))
        return right(replace(case, oracle=Oracle(())), load_format("intent_json"), sure)

    file = written(tmp_path / "rows.jsonl", lights(4))
    form = load_format("intent_json")
    own_cases = [one.case for one in read_own([file], [], form).rows]
    engine, contracts = scripted(OF_ROWS, answer, own=own_cases, form="intent_json", likelihood=math.log(0.5))
    own = gate("none", engine=engine, contracts=contracts, cases=[file], cache=tmp_path / "cache").own
    assert own
    assert [(row.line, row.sure) for row in own.broken] == [(3, 0.9), (2, 0.4)]


def test_rows_leave_nothing_among_the_counterexamples_that_are_kept_and_come_as_they_are(tmp_path: Path) -> None:
    (own,) = gated(tmp_path, lights(5), wrong_at(*requests(*range(5)))).contracts
    assert not list((tmp_path / "cache" / "counterexamples").rglob("*.json"))
    assert {example.case.request for example in own.counterexamples} <= set(requests(*range(5)))
    assert own.tally.found == 0
    assert f"--cases {tmp_path / 'rows.jsonl'}" in own.counterexamples[0].replay
    assert own.counterexamples[0].replay.endswith("-k own_cases")


def test_a_gate_with_rows_asks_all_else_too_and_its_file_comes_back_equal(tmp_path: Path) -> None:
    results = gated(tmp_path, [*lights(6), light(9, must=True)], wrong_at(*requests(2)), contracts=CONTRACTS, budget=40)
    assert set(found(results)) == {contract.name for contract in (*DRAWN, *OF_ROWS)}
    write(results, tmp_path / "results.json")
    assert read(tmp_path / "results.json") == results


def test_a_gate_to_the_end_asks_the_file_to_its_end(tmp_path: Path) -> None:
    assert gated(tmp_path, lights(90), to_the_end=True).contracts[0].tally.trials == 90


def test_rows_that_were_trained_on_are_told_in_the_results(tmp_path: Path) -> None:
    from tests.suite.exam.test_trained import trained_on

    adapter = trained_on(tmp_path, light(1))
    file = written(tmp_path / "rows.jsonl", lights(3))
    engine, contracts = scripted(OF_ROWS)
    own = gate(adapter, engine=engine, contracts=contracts, cases=[file], cache=tmp_path / "cache").own
    assert own
    assert own.trained.startswith("1 of 3 rows")


def test_bad_rows_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    engine, contracts = scripted(OF_ROWS)
    with pytest.raises(UserError, match="2 rows cannot be asked"):
        gate("none", engine=engine, contracts=contracts, cases=[written(tmp_path / "r.jsonl", [{}, light(1), []])])
    assert engine.calls == 0
