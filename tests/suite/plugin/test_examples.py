"""`pytest --examples FILE`: the engine of these tests answers all requests in prose, and so calls nothing."""

from suite.results.file import read
from tests.own_rows import light, row, written

ASKED = ("-k", "right_tool or knows_when_nothing_fits")


def test_rows_that_bring_tools_are_enough_for_an_exam(gate, tmp_path):
    written(tmp_path / "rows.jsonl", [*map(light, range(9)), row("sing")])
    reports = "--bar", "right_tool=reports"
    code, output = gate("--examples", "rows.jsonl", "--results", "r.json", *reports, *ASKED)
    assert code == 0, output
    assert "asks in the words of rows.jsonl: 9 sentences, 1 tools" in output
    assert "without examples: open_blinds" in output
    assert "Examples: 1 tool is asked for in 9 sentences of rows.jsonl, 9 of them with other values too" in output
    results = read(tmp_path / "r.json")
    assert results.examples
    assert list(results.catalogs) == ["rows"]
    assert results.made_up_percent == 10
    assert results.examples.files.keys() == {"rows.jsonl"}
    parts = {c.name: {part.name: part.trials for part in c.languages} for c in results.contracts}
    assert parts["right_tool"].keys() == {"examples", "descriptions", "drawn"}
    assert parts["right_tool"]["drawn"] < parts["right_tool"]["examples"]
    assert parts["knows_when_nothing_fits"].keys() == {"examples", "descriptions", "drawn", "exam"}
    assert [tool.tool for tool in results.tools] == ["set_light", "open_blinds"]


def test_how_many_cases_are_made_up_is_for_the_user_to_say(gate, tmp_path):
    written(tmp_path / "rows.jsonl", map(light, range(9)))
    gate("--examples", "rows.jsonl", "--made-up", "0", "--results", "r.json", *ASKED)
    assert read(tmp_path / "r.json").made_up_percent == 0


def test_bad_rows_and_missing_files_are_usage_errors(gate, tmp_path):
    written(tmp_path / "rows.jsonl", [light(1), {}])
    code, output = gate("--examples", "rows.jsonl")
    assert code == 4
    assert "rows.jsonl:2: " in output
    assert gate("--examples", "none.jsonl")[0] == 4


def test_rows_that_contradict_each_other_are_told(gate, tmp_path):
    written(tmp_path / "rows.jsonl", [light(1), row("light up zone 1"), row("sing")])
    _, output = gate("--cases", "rows.jsonl", "-k", "own_cases")
    assert "rows.jsonl:1 and rows.jsonl:2 ask the same, and no answer is right in all of them" in output
