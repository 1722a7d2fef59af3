"""Two nights or two gates side by side."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.nights.pairs import Difference, compared, unpaired
from suite.bars import Never
from suite.outcome import AskedCase, ContractResult, Results
from suite.results import file as results_file
from suite.statistics.paired import fewest_flips
from tests.reports.nights.month import NIGHTS, Scripted
from tests.reports.nights.test_month import lights, run
from tests.reports.sample import FAILING, PASSING


def row(pairs: list[tuple[bool, bool]]) -> Difference:
    return compared({"s": pairs})[0]


def asked(broken: tuple[int, ...] = (), count: int = 40, first: int = 0) -> tuple[AskedCase, ...]:
    """Cases by their number, of two tools; the requests of broken ones are kept, as in a file."""
    return tuple(
        AskedCase(f"case{n:04}", n not in broken, (f"tool {'ab'[n % 2]}",), f"request {n}" if n in broken else "")
        for n in range(first, first + count)
    )


def gated(cases: tuple[AskedCase, ...], results: Results = PASSING) -> Results:
    """The results with these cases of their first contract."""
    first, *others = results.contracts
    return replace(results, contracts=(replace(first, asked=cases), *others))


def compared_files(folder: Path, one: Results, other: Results, capsys: pytest.CaptureFixture[str]) -> str:
    files = [folder / "a.json", folder / "b.json"]
    for results, file in zip((one, other), files, strict=True):
        results_file.write(results, file)
    assert main(["compare", *map(str, files)]) == 0
    return capsys.readouterr().out


def line_of(told: str, start: str) -> str:
    return next(line for line in told.splitlines() if line.startswith(start))


def test_flips_are_counted_each_way():
    one = row([(True, True)] * 30 + [(True, False)] * 8 + [(False, True)] * 2)
    assert one.counts is not None
    assert (one.counts.lost, one.counts.won, one.kept) == (8, 2, (38, 32))
    assert one.change.estimate == pytest.approx(-0.15)
    assert one.change.low < -0.15 < one.change.high


@pytest.mark.parametrize("pair", [(True, False), (False, True)])
def test_the_fewest_flips_that_are_told_are_beyond_chance_and_one_less_is_not(pair: tuple[bool, bool]):
    quiet, fewest = [(True, True)] * 30, fewest_flips(1, 0.05)
    assert row(quiet + [pair] * fewest).sure
    assert not row(quiet + [pair] * (fewest - 1)).sure
    assert row(quiet + [pair] * fewest).smallest == fewest / (30 + fewest)


def test_more_contracts_need_more_flips():
    pairs = [(True, True)] * 30 + [(True, False)] * fewest_flips(1, 0.05)
    together = compared({"s": pairs} | {f"quiet {n}": [(True, True)] * 30 for n in range(20)})
    assert not together[0].sure
    assert together[0].smallest > row(pairs).smallest


def test_without_a_flip_the_interval_still_has_a_width():
    one = row([(True, True)] * 40)
    assert one.change.low < 0 < one.change.high
    assert not one.sure


def test_parts_with_few_cases_have_no_row():
    pairs = [(True, True)] * 9
    assert [one.series for one in compared({"s": pairs, "s: few": pairs, "s: enough": [*pairs, (True, True)]})] == [
        "s", "s: enough",
    ]  # fmt: skip


def test_two_gates_of_other_draws_are_compared_without_pairs():
    one = unpaired("s", (90, 60), (100, 100))
    assert one.sure
    assert one.counts is None
    assert not unpaired("s", (90, 88), (100, 100)).sure


def test_two_results_files_are_compared_on_the_cases_that_both_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    one, other = gated(asked((0, 3))), gated(asked(tuple(range(1, 31)), first=1))
    told = compared_files(tmp_path, one, other, capsys)
    assert line_of(told, "| **chooses_a_tool** |").split(" | ")[1:3] == ["38 of 39", "9 of 39"]
    assert line_of(told, "| **chooses_a_tool** |").split(" | ")[4:6] == ["29", "0"]
    assert "**chooses_a_tool: tool a**" in told
    assert "chooses_a_tool, kept by A alone (29):\n- request 1\n- request 2\n" in told
    assert "- and 9 more" in told
    assert "kept by B alone" not in told
    assert line_of(told, "| never_hallucinates_tools |"), "a contract without such cases is compared by its counts"


def test_cases_come_back_from_the_file_as_they_were_written(tmp_path: Path):
    results = gated(asked((2, 5)))
    results_file.write(results, tmp_path / "a.json")
    assert results_file.read(tmp_path / "a.json") == results


@pytest.mark.parametrize(("key", "value"), [("held", "1"), ("groups", "7 7"), ("cases", "no"), ("held", "2")])
def test_cases_that_were_changed_by_hand_are_told(
    key: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    document = results_file.to_json(gated(asked(count=2)))
    document["contracts"][0]["asked"][key] = value
    (tmp_path / "a.json").write_text(json.dumps(document), encoding="utf-8")
    results_file.write(PASSING, tmp_path / "b.json")
    assert main(["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")]) == 2
    assert "a.json" in capsys.readouterr().err


def test_what_else_differs_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first, *others = PASSING.contracts
    bar: ContractResult = replace(first, bar=Never(0.02))
    other = replace(
        PASSING, seed=8, budget=900, contracts=(bar, *others),
        identity=replace(PASSING.identity, format_digest="0" * 64, base="other"),
    )  # fmt: skip
    told = compared_files(tmp_path, PASSING, other, capsys)
    for said in ("- base: tiny", "- format and template: functiongemma 77aa", "- seed: 7 -> 8", "- budget: 400 -> 900"):
        assert said in told
    assert "- bar of chooses_a_tool: above 95 % -> below 2 % fail" in told
    assert "machine" not in told
    assert "nothing differs" in compared_files(tmp_path, PASSING, replace(PASSING, seconds=3.0), capsys)


def test_two_nights_are_set_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    scripted = Scripted(worse=lambda night, anchor: lights(NIGHTS[16], anchor) and night == NIGHTS[1], flips=0)
    run(tmp_path, scripted, NIGHTS[:2])
    capsys.readouterr()
    files = [str(tmp_path / "nights" / f"{night}.json") for night in NIGHTS[:2]]
    assert main(["compare", *files]) == 0
    told = capsys.readouterr().out
    assert "**right_arguments: catalog hotel_lights**" in told
    assert "right_arguments, kept by A alone" in told
    assert "valid_calls, kept by" not in told


def test_two_results_files_are_set_side_by_side(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    files = [tmp_path / "a.json", tmp_path / "b.json"]
    for results, file in zip((PASSING, FAILING), files, strict=True):
        results_file.write(results, file)
    assert main(["compare", *map(str, files)]) == 0
    assert "other draws" in capsys.readouterr().out


def test_a_night_and_a_gate_are_no_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    run(tmp_path, Scripted(), NIGHTS[:1])
    results_file.write(replace(PASSING, seed=3), tmp_path / "a.json")
    assert main(["compare", str(tmp_path / "nights" / f"{NIGHTS[0]}.json"), str(tmp_path / "a.json")]) == 2
    assert "two alike" in capsys.readouterr().err
