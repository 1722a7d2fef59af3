"""Two nights or two gates side by side."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.nights.pairs import FEWEST_FLIPS, paired, sure, unpaired
from suite.results import file as results_file
from tests.reports.nights.month import NIGHTS, Scripted
from tests.reports.nights.test_month import lights, run
from tests.reports.sample import FAILING, PASSING


def test_flips_are_counted_each_way():
    one = paired("s", [(True, True)] * 30 + [(True, False)] * 8 + [(False, True)] * 2)
    assert (one.lost, one.won, one.kept) == (8, 2, (38, 32))
    assert one.change.estimate == pytest.approx(-0.15)
    assert one.change.low < -0.15 < one.change.high


def test_the_fewest_flips_that_are_told_are_beyond_chance_and_fewer_are_not():
    quiet = [(True, True)] * 34
    assert sure(paired("s", quiet + [(True, False)] * FEWEST_FLIPS))
    assert not sure(paired("s", quiet + [(True, False)] * 3))
    assert paired("s", quiet + [(True, False)] * FEWEST_FLIPS).smallest == FEWEST_FLIPS / 40


def test_without_a_flip_the_interval_still_has_a_width():
    one = paired("s", [(True, True)] * 40)
    assert one.change.low < 0 < one.change.high


def test_two_gates_are_compared_without_pairs():
    one = unpaired("s", (90, 60), (100, 100))
    assert sure(one)
    assert one.lost is None
    assert not sure(unpaired("s", (90, 88), (100, 100)))


def test_two_nights_are_set_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    scripted = Scripted(worse=lambda night, anchor: lights(NIGHTS[16], anchor) and night == NIGHTS[1], flips=0)
    run(tmp_path, scripted, NIGHTS[:2])
    capsys.readouterr()
    files = [str(tmp_path / "nights" / f"{night}.json") for night in NIGHTS[:2]]
    assert main(["compare", *files]) == 0
    told = capsys.readouterr().out
    assert "**right_arguments: catalog hotel_lights**" in told
    assert "right_arguments, flipped:" in told
    assert "valid_calls, flipped:" not in told


def test_two_results_files_are_set_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for results, file in zip((PASSING, FAILING), files, strict=True):
        results_file.write(results, file)
    assert main(["compare", *map(str, files)]) == 0
    assert "fresh draws" in capsys.readouterr().out


def test_a_night_and_a_gate_are_no_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run(tmp_path, Scripted(), NIGHTS[:1])
    results_file.write(replace(PASSING, seed=3), tmp_path / "a.json")
    assert main(["compare", str(tmp_path / "nights" / f"{NIGHTS[0]}.json"), str(tmp_path / "a.json")]) == 2
    assert "two alike" in capsys.readouterr().err
