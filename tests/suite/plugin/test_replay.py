"""`pytest --adapter PATH --replay ID`: the rest is in tests/suite/test_replay.py, without processes."""

import json
import re
from xml.etree import ElementTree

from suite.results.cases import SHORT_ID, case_id
from suite.results.file import read


def test_the_id_that_stands_with_a_counterexample_asks_it_again(gate, run, tmp_path):
    _, output = gate("-k", "chooses_a_tool", "--results", "results.json", "--junitxml", "gate.xml")
    written = (tmp_path / "results.json").read_bytes()
    examples = read(tmp_path / "results.json").contracts[0].counterexamples
    ids = [case_id(example.case) for example in examples]
    assert [one["id"] for one in json.loads(written)["contracts"][0]["counterexamples"]] == ids
    assert re.search(rf"^  id +{ids[0][:SHORT_ID]}$", output, re.MULTILINE)
    assert properties(tmp_path / "gate.xml")["counterexamples"] == " ".join(ids)

    # As the counterexample's own command says it, but for the place of the base.
    words = examples[0].replay.split()[1:]
    words[words.index("--base") + 1] = "base"
    code, output = run(*words, "--junitxml", "again.xml")
    assert code == 1
    assert "It still fails: got" in output
    assert output.rstrip().endswith("This is one case, and no verdict: pytest --adapter PATH gives one.")
    assert "Gate not passed" not in output
    assert properties(tmp_path / "again.xml") == {"replay": ids[0], "still_fails": "True"}

    code, output = gate("--replay", "2", "--results", "results.json", "--neighbours", engine="knowing")
    assert code == 0, output
    assert f"counterexample {ids[1][:SHORT_ID]} of chooses_a_tool" in output
    assert "It no longer fails." in output
    assert "of 24 cases around it fail" in output
    assert (tmp_path / "results.json").read_bytes() == written  # it is read here, and not written


def properties(file):
    (case,) = ElementTree.parse(file).getroot().iter("testcase")
    return {p.get("name"): p.get("value") for p in case.iter("property")}


def test_an_id_that_is_not_there_is_one_error(gate):
    code, output = gate("--replay", "1234abcd")
    assert code == 4
    assert "there is no counterexample in" in output
    assert "Traceback" not in output


def test_a_settings_file_cannot_put_a_replay_in_the_place_of_gates(gate, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.callproof]\nreplay = "1234abcd"\n')
    code, output = gate("-k", "chooses_a_tool")
    assert code == 4
    assert "give --replay to pytest" in output
