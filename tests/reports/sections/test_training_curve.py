"""The page's section on the training: what a log tells by step."""

import json
from pathlib import Path

import pytest

from fixtures.errors import UserError
from reports.__main__ import main
from reports.chart import TREND_BOTTOM, TREND_TOP
from reports.sections.training_curve import POINTS, find, read_log, section
from suite.results.file import write
from tests.reports.sample import FAILING

STEPS = [{"loss": 4.0 - number / 100, "step": number, "note": "<b>"} for number in range(1, 201)]


def log(place: Path, steps: object = STEPS) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(step) for step in steps]  # type: ignore[attr-defined]
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return place


def test_a_curve_falls_as_the_loss_does_and_stays_in_its_drawing(tmp_path: Path) -> None:
    shown = section(read_log(log(tmp_path / "log.jsonl")))
    assert shown is not None
    ((title, chart),) = shown["charts"]
    points = [tuple(map(float, point.split(","))) for point in chart.lines[0].split()]
    assert title == "Loss"
    assert len(points) <= POINTS
    assert [y for _, y in points] == sorted(y for _, y in points)
    assert all(TREND_TOP <= y <= TREND_BOTTOM for _, y in points)
    assert shown["note"].startswith("200 steps; loss 2.0")


def test_figures_that_are_there_are_drawn_each_on_a_scale_of_its_own() -> None:
    steps = [{"loss": 1.0, "rewards/margins": -n / 2, "step": n} for n in (1.0, 2.0, 3.0)]
    shown = section(steps)
    assert shown is not None
    assert [title for title, _ in shown["charts"]] == ["Loss", "Margin of the rewards"]
    assert [label for _, label in shown["charts"][1][1].scale] == ["0", "-0.75", "-1.5"]


@pytest.mark.parametrize("steps", [None, [], [{"loss": 1.0}], [{"else": 1.0}, {"else": 2.0}]])
def test_where_nothing_can_be_drawn_there_is_no_section(steps) -> None:
    assert section(steps) is None


def test_what_is_no_finite_number_is_left_out(tmp_path: Path) -> None:
    place = log(tmp_path / "log.jsonl", [{"loss": True, "step": 1}, {"loss": "2", "step": 2}])
    assert read_log(place) == [{"step": 1.0}, {"step": 2.0}]


@pytest.mark.parametrize("line", ["[1]", "{", '{"loss": NaN}'])
def test_a_line_that_is_no_step_is_refused(tmp_path: Path, line: str) -> None:
    place = tmp_path / "log.jsonl"
    place.write_text(f'{{"loss": 1.0}}\n{line}\n', encoding="utf-8")
    with pytest.raises(UserError, match="line 2"):
        read_log(place)


@pytest.mark.parametrize("name", ["log.jsonl", "run/log.jsonl"])
def test_a_log_beside_the_results_is_on_the_page(tmp_path: Path, name: str) -> None:
    write(FAILING, tmp_path / "results.json")
    assert find(tmp_path / "results.json") is None
    log(tmp_path / name)
    assert main(["show", str(tmp_path / "results.json")]) == 0
    page = (tmp_path / "results.html").read_text(encoding="utf-8")
    assert "Training curve" in page
    assert "<b>" not in page


def test_a_log_may_lie_elsewhere_and_a_missing_one_is_refused(tmp_path: Path, capsys) -> None:
    write(FAILING, tmp_path / "results.json")
    place = log(tmp_path / "other" / "steps.jsonl")
    assert main(["show", str(tmp_path / "results.json"), "--log", str(place)]) == 0
    assert "Training curve" in (tmp_path / "results.html").read_text(encoding="utf-8")
    assert main(["show", str(tmp_path / "results.json"), "--log", str(tmp_path / "none.jsonl")]) == 2
    assert "none.jsonl" in capsys.readouterr().err
