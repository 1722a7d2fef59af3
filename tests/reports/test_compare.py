"""Comparison of trainers: means over seeds, a winner only beyond chance, and one exam for all."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reports.__main__ import main
from reports.compare import Mean, best, cell, differs, mean_of, read_column
from reports.criteria import CRITERIA, Criterion, Figure
from suite.outcome import Tally
from suite.results.file import write
from tests.reports.sample import PASSING

SHARE = next(c for c in CRITERIA if c.name == "hallucinated tools")


def with_held(held: int, trials: int = 200):
    """The passing sample with other counts for the contract about hallucinated tools."""
    contracts = [
        replace(c, tally=Tally(trials, held)) if c.name == "never_hallucinates_tools" else c for c in PASSING.contracts
    ]
    return replace(PASSING, contracts=tuple(contracts))


def runs(folder: Path, held: list[int], seconds: float = 60.0) -> Path:
    for seed, count in enumerate(held):
        place = folder / f"seed-{seed}"
        (place / "run").mkdir(parents=True)
        write(with_held(count), place / "results.json")
        (place / "run" / "cost.json").write_text(json.dumps({"seconds": seconds + seed, "peak_memory_bytes": 1e9}))
    return folder


def test_the_sample_has_the_contract_that_these_tests_change():
    assert any(c.name == "never_hallucinates_tools" for c in PASSING.contracts)


def mean(*values: float, error: float = 0.0, cases: int = 0) -> Mean:
    return mean_of([Figure(value, error, cases) for value in values])


def test_a_mean_of_what_is_known_exactly_has_the_interval_of_student():
    # Three values with mean 2 and standard deviation 1: t(0.975, 2) = 4.3027, over the root of 3.
    interval = mean(1.0, 2.0, 3.0).interval
    assert interval.estimate == 2.0
    assert interval.high - interval.estimate == pytest.approx(4.30265 / 3**0.5, abs=1e-4)


def test_seeds_that_agree_are_still_as_unsure_as_their_exam():
    # t(0.975, 79) = 1.9905 of the exam's error; three seeds sat the same cases, so they do not make it smaller.
    interval = mean(0.9, 0.9, 0.9, error=0.02, cases=80).interval
    assert interval.high - interval.estimate == pytest.approx(1.9905 * 0.02, abs=1e-4)
    figure = SHARE.figure(with_held(200), {})
    assert figure
    assert (figure.value, figure.cases) == (0.0, 200)
    assert figure.error == pytest.approx((202 * 2 / 204**2 / 204) ** 0.5)


def test_an_interval_that_knows_both_errors_covers_the_truth():
    """Of adapters whose true rate varies by seed, at one exam of cases that are hard for all of them or none."""
    random, hit, rounds = np.random.default_rng(1), 0, 400
    for _ in range(rounds):
        hard = random.normal(0, 0.03)
        rates = np.clip(0.9 + hard + random.normal(0, 0.02, 3), 0, 1)
        interval = mean(*map(float, rates), error=0.03, cases=80).interval
        hit += interval.low <= 0.9 <= interval.high
    assert 0.92 <= hit / rounds <= 0.99


def test_a_single_value_of_no_exam_has_no_interval():
    interval = mean(0.4).interval
    assert interval.low == interval.high == 0.4


def test_a_clear_difference_is_told_from_chance_and_a_small_one_is_not():
    assert differs(mean(0.1, 0.11, 0.12), mean(0.5, 0.52, 0.51))
    assert not differs(mean(0.1, 0.3, 0.5), mean(0.2, 0.4, 0.5))
    assert differs(mean(0.0, 0.0, 0.0), mean(1.0, 1.0, 1.0))
    assert not differs(mean(1.0, 1.0, 1.0), mean(1.0, 1.0, 1.0))
    assert not differs(mean(0.98, 0.98, 0.98, error=0.01, cases=80), mean(0.99, 0.99, 0.99, error=0.01, cases=80))


@pytest.mark.parametrize("seed", range(5))
def test_where_no_cases_are_asked_it_is_the_test_of_welch(seed):
    from scipy.stats import ttest_ind

    one, other = np.random.default_rng(seed).normal([[0.0], [seed]], 1.0, (2, 4))
    told = differs(mean(*map(float, one)), mean(*map(float, other)))
    assert told == (ttest_ind(one, other, equal_var=False).pvalue < 0.05)


def test_the_best_is_marked_only_beyond_chance(tmp_path):
    good = read_column(runs(tmp_path / "good", [200, 199, 200]))
    bad = read_column(runs(tmp_path / "bad", [150, 152, 149]))
    near = read_column(runs(tmp_path / "near", [199, 200, 199]))
    assert best(SHARE, [good, bad]) == "good"
    assert best(SHARE, [good, near]) is None
    assert "**" in cell(SHARE, good, "good")
    assert "**" not in cell(SHARE, bad, "good")


def test_two_seeds_win_nothing_and_have_no_interval(tmp_path):
    good = read_column(runs(tmp_path / "good", [200, 200]))
    bad = read_column(runs(tmp_path / "bad", [100, 100]))
    assert best(SHARE, [good, bad]) is None
    assert "to" not in cell(SHARE, good, None)


def test_a_figure_that_no_run_has_is_a_dash(tmp_path):
    column = read_column(runs(tmp_path / "good", [200, 200, 200]))
    assert cell(Criterion("missing", lambda results, cost: None), column, None) == "-"


def test_compare_prints_a_table_and_draws_a_chart(tmp_path, capsys):
    folders = [runs(tmp_path / "sft", [200, 199, 200]), runs(tmp_path / "trainer", [150, 152, 149], seconds=120)]
    assert main(["compare", *map(str, folders), "--chart", str(tmp_path / "chart.svg")]) == 0
    out = capsys.readouterr().out
    assert "| criterion | sft (3 seeds) | trainer (3 seeds) |" in out
    assert "hallucinated tools (lower is better) | **0.2%**" in out
    assert "training, minutes (lower is better) | **1.02**" in out
    drawn = (tmp_path / "chart.svg").read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert drawn.count('class="dot"') == 2 * sum("better)" in line for line in out.splitlines())


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"seed": PASSING.seed + 1}, "the seed is"),
        ({"made_up_percent": 0}, "made-up catalogs is 0, not 50"),
        ({"to_the_end": True}, "it went to the end"),
    ],
)
def test_runs_of_different_exams_are_not_compared(tmp_path, capsys, changed, told):
    one, other = runs(tmp_path / "sft", [200]), runs(tmp_path / "dpo", [200])
    write(replace(with_held(200), **changed), other / "seed-0" / "results.json")
    assert main(["compare", str(one), str(other)]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(("name", "problem"), [("nowhere", "no such folder"), ("empty", "no run in it")])
def test_a_folder_without_runs_is_refused(tmp_path, capsys, name, problem):
    (tmp_path / "empty").mkdir()
    assert main(["compare", str(tmp_path / name)]) == 2
    assert problem in capsys.readouterr().err


def test_a_cost_that_cannot_be_read_is_refused(tmp_path, capsys):
    folder = runs(tmp_path / "sft", [200])
    (folder / "seed-0" / "run" / "cost.json").write_text("[]")
    assert main(["compare", str(folder)]) == 2
    assert "cost.json" in capsys.readouterr().err
