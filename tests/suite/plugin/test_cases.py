"""`pytest --cases FILE`: the engine of these tests answers all requests in prose, and so calls nothing."""

import json

from suite.results.file import read
from tests.own_rows import light, row, written

ASKED = ("-k", "own_cases or regression_cases")


def test_rows_are_asked_word_for_word_and_close_the_gate(gate, tmp_path):
    written(tmp_path / "rows.jsonl", [light(1, tags=["lights"]), row("sing"), light(2, must=True)])
    code, output = gate("--cases", "rows.jsonl", "--results", "r.json", *ASKED)
    assert code == 1
    assert "asks the 3 rows of rows.jsonl too, 1 of which must hold" in output
    assert '"light up zone 2" (rows.jsonl:3)' in output
    results = read(tmp_path / "r.json")
    assert [contract.name for contract in results.contracts] == ["own_cases", "regression_cases"]
    assert results.own
    assert (results.own.asked, [broken.line for broken in results.own.broken]) == (3, [1, 3])


def test_rows_that_are_answered_acceptably_pass(gate, tmp_path):
    written(tmp_path / "one.jsonl", [row("sing"), light(1, acceptable=[[]])])
    written(tmp_path / "two.jsonl", [row("dance", must=True)])
    code, output = gate("--cases", "one.jsonl", "--cases", "two.jsonl", *ASKED)
    assert code == 0
    assert "2 of 2 gating contracts passed" in output


def test_more_is_told_with_v(gate, tmp_path):
    written(tmp_path / "rows.jsonl", [light(1, tags=["lights"]), row("sing")])
    assert "Broken rows, the surest first:" not in gate("--cases", "rows.jsonl", *ASKED)[1]
    _, output = gate("--cases", "rows.jsonl", "-v", *ASKED)
    assert "Own cases: 2 of 2 rows of rows.jsonl asked" in output
    assert "tag lights" in output
    assert "no call, where set_light was right" in output
    assert "Broken rows, the surest first:" in output


def test_all_bad_rows_are_told_in_one_message_before_anything_is_asked(gate, tmp_path):
    written(tmp_path / "rows.jsonl", [light(1), {}, light(1, tags=3)])
    code, output = gate("--cases", "rows.jsonl")
    assert code == 4
    assert output.count("problem:") == 1
    assert "rows.jsonl:2: " in output
    assert "rows.jsonl:3: /tags: " in output
    assert "Traceback" not in output


def test_a_file_that_is_not_there_is_a_usage_error(gate):
    code, output = gate("--cases", "none.jsonl")
    assert code == 4
    assert "--cases none.jsonl" in output


def test_rows_without_tools_have_those_of_the_catalog(gate, tmp_path):
    written(tmp_path / "rows.jsonl", [{"messages": row("sing")["messages"]}])
    assert gate("--cases", "rows.jsonl", *ASKED)[0] == 4
    assert gate("--cases", "rows.jsonl", "--catalog", "tuya", *ASKED)[0] == 0


def test_files_in_pyproject_are_meant_from_it(run, tmp_path):
    (tmp_path / "pytest.ini").unlink()
    (tmp_path / "pyproject.toml").write_text('[tool.callproof]\ncases = ["rows.jsonl"]\n[tool.pytest.ini_options]\n')
    written(tmp_path / "rows.jsonl", [row("sing")])
    below = tmp_path / "below"
    below.mkdir()
    arguments = ("--adapter", "none", "--base", str(tmp_path / "base"), "--budget", "40", "-k", "own_cases")
    code, output = run(*arguments, folder=below)
    assert code == 0, output
    assert "asks the row of" in output


def test_files_in_pyproject_are_texts(gate, tmp_path):
    (tmp_path / "pytest.ini").unlink()
    (tmp_path / "pyproject.toml").write_text("[tool.callproof]\ncases = [1]\n[tool.pytest.ini_options]\n")
    code, output = gate()
    assert code == 4
    assert "a list of strings" in output


def test_what_failed_is_kept_as_rows_that_the_next_gate_asks(gate, tmp_path):
    from suite.__main__ import main

    gate("--catalog", "tuya", "--results", "r.json", "-k", "chooses_a_tool")
    out = tmp_path / "incidents.jsonl"
    assert main(["keep", str(tmp_path / "r.json"), "--out", str(out)]) == 0
    kept = [json.loads(line) for line in out.read_text().splitlines()]
    assert kept
    assert all(one["must"] is True and one["tags"] == ["chooses_a_tool"] for one in kept)
    code, output = gate("--cases", "incidents.jsonl", "-k", "regression_cases")
    assert code == 1
    assert "incidents.jsonl too, " in output
