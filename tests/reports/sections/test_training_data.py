"""The section on training data: what a check found stands on the page, and nothing of it can break the page."""

import json
from pathlib import Path

import pytest

from reports.__main__ import main
from reports.page import render
from reports.sections.training_data import read_check
from suite.results.file import write
from tests.reports.reader import Reader
from tests.reports.sample import FAILING, PASSING

FINDING = {
    "group": "teaches the fault",
    "rule": "ungrounded arguments",
    "text": "device_id: 87 % <b>made up</b>",
    "lines": list(range(1, 12)),
    "cure": "--context-field",
    "figures": {},
}
CHECK = {
    "data": {"path": "rows.jsonl", "digest": "abcdef0123456789", "rows": 350},
    "findings": [FINDING],
    "advice": {"phase": "1: format", "reasons": ["350 rows are under 1,000"]},
    "tokens": {"total": 123456, "longest": 700},
}


def place(folder: Path, check: object) -> Path:
    write(FAILING, folder / "results.json")
    (folder / "check.json").write_text(json.dumps(check))
    return folder / "results.json"


def test_findings_budget_and_advice_stand_in_the_section():
    text = render(FAILING, "r.json", CHECK)
    for part in ("350 rows", "123,456 tokens", "teaches the fault", "1, 2, 3, 4, 5, 6, 7, 8 and 3 more", "1: format"):
        assert part in text
    assert "<b>" not in text
    assert "worth knowing" not in text


def test_what_breaks_training_stands_beside_the_verdict():
    breaking = {**FINDING, "group": "breaks training", "rule": "rows too long"}
    text = Reader(render(PASSING, "r.json", {**CHECK, "findings": [breaking]})).text
    assert text.index("The training data: rows too long.") < text.index("Kept, and the interval of that")


def test_no_finding_is_said_to_be_none():
    assert "Nothing was found." in render(FAILING, "r.json", {**CHECK, "findings": []})


def test_a_check_beside_the_results_is_on_the_page(tmp_path):
    results = place(tmp_path, CHECK)
    assert main(["show", str(results)]) == 0
    assert "Training data" in results.with_suffix(".html").read_text(encoding="utf-8")


def test_without_a_check_the_page_has_no_such_section(tmp_path):
    write(FAILING, tmp_path / "results.json")
    assert main(["show", str(tmp_path / "results.json")]) == 0
    assert "Training data" not in (tmp_path / "results.html").read_text(encoding="utf-8")


def test_a_check_may_lie_elsewhere(tmp_path):
    write(FAILING, tmp_path / "results.json")
    (tmp_path / "other.json").write_text(json.dumps(CHECK))
    assert main(["show", str(tmp_path / "results.json"), "--check", str(tmp_path / "other.json")]) == 0
    assert "Training data" in (tmp_path / "results.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("check", "problem"),
    [
        ([], "no check"),
        ({**CHECK, "advice": None}, "no `advice`"),
        ({**CHECK, "findings": [{"group": "else"}]}, "/findings/0"),
    ],
)
def test_a_file_that_is_no_check_is_refused_and_no_page_is_written(tmp_path, capsys, check, problem):
    results = place(tmp_path, check)
    assert main(["show", str(results)]) == 2
    assert problem in capsys.readouterr().err
    assert not results.with_suffix(".html").exists()


def test_what_train_check_writes_can_be_read(tmp_path):
    from fixtures.datasets.hotel import build
    from fixtures.datasets.rows import write_rows
    from train.cli import main as train

    write_rows(tmp_path / "rows.jsonl", build(30, seed=1, split="train"))
    train(["check", str(tmp_path / "rows.jsonl"), "--json", str(tmp_path / "check.json")])
    assert read_check(tmp_path / "check.json")["data"]["rows"] == 30


def test_a_missing_check_is_refused(tmp_path, capsys):
    write(FAILING, tmp_path / "results.json")
    assert main(["show", str(tmp_path / "results.json"), "--check", str(tmp_path / "none.json")]) == 2
    assert "none.json" in capsys.readouterr().err
