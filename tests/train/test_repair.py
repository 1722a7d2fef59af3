"""The loop that repairs: what it learns from, when it stops, and that the exam stays out of it."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.datasets.rows import row_of
from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import Case, ToolCall
from fixtures.vocab import words
from suite.contracts import CONTRACTS
from suite.exam.scene import Scene
from suite.outcome import Ceiling, ContractResult, Identity, Never, Rate, Results, Tally, Verdict
from suite.reply import Generation, Reply
from suite.results.file import write
from train.repair import Tools, better, broken_shares, draw, lessons, repair
from train.rows.data import read_rows
from train.rows.leaks import leaks

ROOT = Path(__file__).parents[2]
NEVER = next(c for c in CONTRACTS if c.name == "never_hallucinates_tools")
FUNCTIONGEMMA = load_format("functiongemma")
SCENE = Scene((), words=words("train"))


def results(held: int, trials: int = 100) -> Results:
    verdict = Verdict("pass" if held == trials else "fail", "because")
    identity = Identity("tiny", "b" * 16, "run", "a" * 16, "functiongemma", "f" * 16)
    contract = ContractResult(NEVER.name, "It holds.", Never(strict=True), verdict, Tally(trials, held), None)
    return Results(identity, {}, 0, 400, 160, "2026-01-01T00:00:00+00:00", 1.0, {}, {}, {"alpha": 0.05}, (contract,))


def reply(text: str) -> Reply:
    return Reply(Generation(text, (0.0,), "stop"), FUNCTIONGEMMA.parse(text))


def invents(run: Path, cases: list[Case]) -> list[Reply]:
    """Makes up a tool in every other case and calls nothing in the others."""
    call = "<start_function_call>call:no_such_tool{}<end_function_call><start_function_response>"
    return [reply(call if n % 2 else "None of these tools can do that.<end_of_turn>") for n in range(len(cases))]


class Bench:
    """Scripted tools: the gate's counts come from a list, training only remembers what it was given."""

    def __init__(self, *held: int) -> None:
        self.held = list(held)
        self.trained: list[tuple[Path, Path, Path]] = []

    def tools(self, ask=invents) -> Tools:
        def train(run: Path, data: Path, out: Path) -> None:
            self.trained.append((run, data, out))

        return Tools(lambda run: results(self.held.pop(0)), ask, train, write)


def run_it(bench: Bench, out: Path, *, rounds: int = 3, ask=invents):
    return repair(Path("first"), out, [NEVER], SCENE, bench.tools(ask), rounds=rounds, cases=12)


def test_an_adapter_that_passes_is_left_alone(tmp_path):
    bench = Bench(100)
    (only,) = run_it(bench, tmp_path / "out")
    assert only.passed
    assert bench.trained == []


def test_rounds_go_on_from_each_other_until_the_gate_passes(tmp_path):
    bench, out = Bench(70, 90, 100), tmp_path / "out"
    rounds = run_it(bench, out)
    assert [entry.passed for entry in rounds] == [False, False, True]
    assert [run for run, _, _ in bench.trained] == [Path("first"), out / "round-0" / "run"]
    assert rounds[-1].run == str(out / "round-1" / "run")
    assert [json.loads(line)["number"] for line in (out / "repair.jsonl").read_text().splitlines()] == [0, 1, 2]


def test_a_round_that_makes_it_no_better_is_the_last(tmp_path):
    bench = Bench(90, 90)
    rounds = run_it(bench, tmp_path / "out")
    assert len(bench.trained) == 1
    assert not rounds[-1].passed


def test_rounds_end_at_their_number(tmp_path):
    bench = Bench(10, 20, 30)
    rounds = run_it(bench, tmp_path / "out", rounds=2)
    assert len(bench.trained) == 2
    assert [entry.failing[NEVER.name] for entry in rounds] == pytest.approx([0.9, 0.8, 0.7])


def test_nothing_wrong_leaves_nothing_to_learn(tmp_path):
    def abstains(run, cases):
        return [reply("None of these tools can do that.<end_of_turn>") for _ in cases]

    bench = Bench(90)
    (only,) = run_it(bench, tmp_path / "out", ask=abstains)
    assert bench.trained == []
    assert not only.passed


def test_lessons_are_the_right_answers_to_what_went_wrong_and_to_what_did_not():
    asked = draw([NEVER], SCENE, {NEVER.name: 0.5}, 12, 0)
    rows, wrong = lessons(asked, invents(Path(), [case for _, case in asked]))
    assert wrong == 6
    assert len(rows) == 12
    assert all(set(_names(row)) <= {tool["function"]["name"] for tool in row["tools"]} for row in rows)


def test_lessons_are_rows_that_every_backend_takes(tmp_path):
    asked = draw([NEVER], SCENE, {NEVER.name: 0.5}, 24, 0)
    rows, _ = lessons(asked, invents(Path(), [case for _, case in asked]))
    data = tmp_path / "rows.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    checked = read_rows(data, FUNCTIONGEMMA)
    assert checked.faults == ()
    assert len(checked.rows) == 24


def test_for_preferences_a_wrong_answer_is_what_the_adapter_said(tmp_path):
    asked = draw([NEVER], SCENE, {NEVER.name: 0.5}, 12, 0)
    lines, wrong = lessons(asked, invents(Path(), [case for _, case in asked]), FUNCTIONGEMMA)
    pairs = [line for line in lines if "rejected" in line]
    assert len(pairs) == wrong == 6
    assert all("no_such_tool" in pair["rejected"][0]["wire"]["functiongemma"] for pair in pairs)
    data = tmp_path / "lines.jsonl"
    data.write_text("".join(json.dumps(line) + "\n" for line in lines))
    checked = read_rows(data, FUNCTIONGEMMA)
    assert checked.faults == ()
    assert sum(row.rejected is not None for row in checked.rows) == 6


def test_an_answer_that_never_ended_is_a_row_and_no_pair():
    asked = draw([NEVER], SCENE, {NEVER.name: 0.5}, 12, 0)
    lines, wrong = lessons(asked, [reply("<start_function_call>call:no_such_tool{}") for _ in asked], FUNCTIONGEMMA)
    assert wrong
    assert not any("rejected" in line for line in lines)


def test_what_failed_is_asked_twice_as_often_as_what_passed():
    clear = next(c for c in CONTRACTS if c.name == "chooses_a_tool")
    names = [contract.name for contract, _ in draw([clear, NEVER], SCENE, {NEVER.name: 0.5}, 12, 0)]
    assert (names.count(NEVER.name), names.count(clear.name)) == (8, 4)
    assert draw([clear, NEVER], SCENE, {}, 12, 0) == []


def test_each_round_draws_other_cases():
    first, second = (draw([NEVER], SCENE, {NEVER.name: 0.5}, 8, number) for number in (0, 1))
    assert [case.messages for _, case in first] != [case.messages for _, case in second]


def test_a_row_of_a_case_that_nothing_fits_abstains():
    case = next(case for _, case in draw([NEVER], SCENE, {NEVER.name: 0.5}, 20, 0) if case.oracle.calls == ())
    assert "tool_calls" not in row_of(case)["messages"][-1]


def test_a_row_keeps_the_right_call():
    case = next(case for _, case in draw([NEVER], SCENE, {NEVER.name: 0.5}, 40, 0) if case.oracle.calls)
    (function,) = (call["function"] for call in row_of(case)["messages"][-1]["tool_calls"])
    assert (ToolCall(function["name"], function["arguments"]),) == case.oracle.calls


def test_a_failure_that_only_the_search_found_counts_as_one():
    found = results(100)
    contract = found.contracts[0]
    failed = ContractResult(
        contract.name, contract.promise, contract.bar, Verdict("fail", "found"), Tally(100, 100, 0, 2), None
    )
    again = Results(found.identity, {}, 0, 400, 160, found.started, 1.0, {}, {}, {"alpha": 0.05}, (failed,))
    assert broken_shares(again) == {NEVER.name: 0.01}


@pytest.mark.parametrize(("held", "shares"), [(40, {}), (39, {"valid_calls": 0.025})])
def test_a_rate_cut_short_by_a_failure_is_repaired_if_something_broke_it(held, shares):
    found = results(90)
    valid = ContractResult("valid_calls", "", Rate(0.95), Verdict("undecided", "because"), Tally(40, held), None)
    assert broken_shares(replace(found, contracts=(*found.contracts, valid))) == {NEVER.name: 0.1, **shares}


@pytest.mark.parametrize(("held", "shares"), [(90, {NEVER.name: 0.1}), (100, {"calibrated": 0.2})])
def test_a_statistic_cut_short_by_a_failure_is_not_repaired(held, shares):
    """But one that alone is undecided is."""
    found = results(held)
    undecided = Verdict("undecided", "because")
    calibrated = ContractResult("calibrated", "It is.", Ceiling("ece", 0.15), undecided, Tally(40, 32), None)
    assert broken_shares(replace(found, contracts=(*found.contracts, calibrated))) == shares


def test_better_is_fewer_contracts_or_fewer_failures():
    assert better({"a": 0.1, "b": 0.1}, {"a": 0.5})
    assert better({"a": 0.5}, {"a": 0.4})
    assert not better({"a": 0.4}, {"a": 0.4})
    assert not better({"a": 0.4}, {"a": 0.1, "b": 0.1})


def test_a_folder_that_is_not_empty_is_refused(tmp_path):
    (tmp_path / "kept").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        run_it(Bench(90), tmp_path)


@pytest.mark.parametrize(("rounds", "cases"), [(0, 10), (3, 0)])
def test_numbers_that_make_no_sense_are_refused(tmp_path, rounds, cases):
    with pytest.raises(UserError, match="at least 1"):
        repair(Path("first"), tmp_path, [NEVER], SCENE, Bench(90).tools(), rounds=rounds, cases=cases)


def _names(row):
    return [call["function"]["name"] for call in row["messages"][-1].get("tool_calls", ())]


@pytest.mark.model
@pytest.mark.nightly
def test_an_adapter_that_makes_tools_up_passes_after_a_few_rounds_and_the_exam_stays_out(tmp_path):
    """It never saw a request that nothing fits; in the rounds it learns such requests, in words that the gate lacks."""
    plain = ["fixtures.datasets", "hotel", "--rows", "120", "--seed", "1", "--positives-only", "--out", "plain.jsonl"]
    done = [
        _command(tmp_path, *plain),
        _command(
            tmp_path, "train", "sft", "--data", "plain.jsonl", "--out", "run", "--epochs", "1", "--processes", "2"
        ),
        _command(tmp_path, "train", "repair", "run", "--out", "mended", "--rounds", "3"),
    ]
    rounds = [json.loads(line) for line in (tmp_path / "mended" / "repair.jsonl").read_text().splitlines()]
    assert [run.returncode for run in done] == [0, 0, 0], rounds
    assert NEVER.name in rounds[0]["failing"]
    assert rounds[-1]["passed"]
    for data in (tmp_path / "mended").glob("round-*/rows.jsonl"):
        rows = read_rows(data, FUNCTIONGEMMA).rows
        found = leaks(rows, seed=0, catalogs=(), known=tmp_path / ".callproof" / "counterexamples")
        assert [finding.rule for finding in found if finding.group == "teaches the fault"] == []


def _command(folder: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # One thread each, so that any number of cores makes the same adapter.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=3000)
