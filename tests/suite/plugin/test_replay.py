"""One counterexample asked again: `pytest --adapter PATH --replay ID`."""

import json
from xml.etree import ElementTree

from suite.results.cases import SHORT_ID, case_id
from suite.results.file import read

CHOSEN = ("-k", "chooses_a_tool", "--results", "results.json")


def failed_gate(gate, tmp_path):
    """A gate that fails one contract; its counterexamples."""
    _, output = gate(*CHOSEN)
    return output, read(tmp_path / "results.json").contracts[0].counterexamples


def test_ids_stand_with_counterexamples_on_the_terminal_and_in_the_results(gate, tmp_path):
    output, examples = failed_gate(gate, tmp_path)
    document = json.loads((tmp_path / "results.json").read_text())
    ids = [case_id(example.case) for example in examples]
    assert [one["id"] for one in document["contracts"][0]["counterexamples"]] == ids
    assert f"counterexample {ids[0][:SHORT_ID]} of chooses_a_tool" in output
    assert f"--replay {ids[0][:SHORT_ID]}" in examples[0].replay


def test_the_command_that_a_counterexample_brings_asks_it_again(gate, run, tmp_path):
    _, examples = failed_gate(gate, tmp_path)
    words = examples[0].replay.split()[1:]
    words[words.index("--base") + 1] = "base"
    code, output = run(*words, "--junitxml", "out.xml")
    assert code == 1
    assert "It still fails: got" in output
    assert output.rstrip().endswith("This is one case, and no verdict: pytest --adapter PATH gives one.")
    assert "Gate" not in output.split("== callproof ==")[-1]
    (case,) = ElementTree.parse(tmp_path / "out.xml").getroot().iter("testcase")
    told = {p.get("name"): p.get("value") for p in case.iter("property")}
    assert told == {"replay": case_id(examples[0].case), "still_fails": "True"}


def test_one_that_holds_now_exits_with_0(gate, tmp_path):
    _, examples = failed_gate(gate, tmp_path)
    code, output = gate("--replay", case_id(examples[0].case), engine="knowing")
    assert code == 0, output
    assert "It no longer fails." in output


def test_a_number_is_one_of_the_results_file(gate, tmp_path):
    _, examples = failed_gate(gate, tmp_path)
    code, output = gate("--replay", "2", "--results", "results.json")
    assert code == 1
    assert f"counterexample {case_id(examples[1].case)[:SHORT_ID]} of chooses_a_tool" in output


def test_the_results_file_is_read_and_not_written(gate, tmp_path):
    failed_gate(gate, tmp_path)
    before = (tmp_path / "results.json").read_bytes()
    gate("--replay", "1", "--results", "results.json")
    assert (tmp_path / "results.json").read_bytes() == before


def test_without_a_cache_the_results_file_is_enough(gate, tmp_path):
    _, examples = failed_gate(gate, tmp_path)
    one = case_id(examples[0].case)
    assert gate("--replay", one, "--results", "results.json", "--cache", "another")[0] == 1


def test_neighbours_are_asked_on_request(gate, tmp_path):
    _, examples = failed_gate(gate, tmp_path)
    code, output = gate("--replay", case_id(examples[0].case), "--neighbours")
    assert code == 1
    assert "24 of 24 cases around it fail: it is a hole" in output


def test_what_cannot_be_found_is_one_error(gate, tmp_path):
    for given, wanted in (
        (("--replay", "1234abcd"), "there is no counterexample in"),
        (("--replay", "1"), "none is named"),
        (("--replay", "1", "--results", "none.json"), "there is no such file"),
        (("--replay", "lobby"), "this is no ID of a counterexample"),
    ):
        code, output = gate(*given)
        assert (code, wanted in output) == (4, True), output
        assert "Traceback" not in output
    _, examples = failed_gate(gate, tmp_path)
    code, output = gate("--replay", "00000000")
    assert code == 4
    assert case_id(examples[0].case)[:SHORT_ID] in output
    code, output = gate("--replay", "99", "--results", "results.json")
    assert code == 4
    assert f"1 to {len(examples)}" in output


def test_a_settings_file_cannot_put_a_replay_in_the_place_of_gates(gate, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.callproof]\nreplay = "1234abcd"\n')
    code, output = gate("-k", "chooses_a_tool")
    assert code == 4
    assert "give --replay to pytest" in output
