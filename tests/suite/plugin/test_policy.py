"""The owner's bars on the command line, and what CI reads of a gate."""

from xml.etree import ElementTree

from suite.results.file import read


def test_bars_are_shown_before_anything_is_asked(gate):
    code, output = gate("--collect-only", "--bar", "right_tool={at_least = 0.8}", "--bar", "same_answer_twice=off")
    assert code == 0
    assert "right_tool: above 80 %" in output
    assert "right_arguments: above 80 %" in output
    assert "never_hallucinates_tools: below 1.25 % fail" in output
    assert "same_answer_twice" not in output


def test_a_gate_by_other_bars_says_so(gate, tmp_path):
    chosen = ("-k", "chooses_a_tool", "--results", "results.json")
    code, output = gate("--bar", "chooses_a_tool={at_least = 0.5}", "--bar", "valid_calls=reports", *chosen)
    assert code == 1
    assert "By the owner's bars: chooses_a_tool: above 50 % instead of above 95 %." in " ".join(output.split())
    policy = read(tmp_path / "results.json").policy
    assert policy is not None
    assert policy.changes == ("chooses_a_tool: above 50 % instead of above 95 %",)


def test_a_contract_that_only_reports_closes_nothing(gate):
    code, output = gate("-k", "chooses_a_tool", "--bar", "chooses_a_tool=reports")
    assert code == 0
    assert "chooses_a_tool: not gating instead of above 95 %." in " ".join(output.split())


def test_a_bad_bar_is_one_error(gate):
    code, output = gate("--bar", "right_tol=off")
    assert code == 4
    assert "right_tool" in output
    assert "Traceback" not in output


def test_junit_has_the_figures_as_properties(gate, tmp_path):
    gate("-k", "chooses_a_tool", "--junitxml", "out.xml", "--seed", "3")
    (case,) = ElementTree.parse(tmp_path / "out.xml").getroot().iter("testcase")
    told = {p.get("name"): p.get("value") for p in case.iter("property")}
    assert told["verdict"] == "fail"
    assert (told["rate"], told["held"], told["seed"]) == ("0.0", "0", "3")
    assert int(str(told["cases"])) > 0
    assert float(str(told["low"])) <= 0.0 <= float(str(told["high"]))
    assert told["bar"] == "above 95 %"


def test_under_github_actions_an_error_line_names_what_closes_the_gate(gate, tmp_path):
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    _, output = gate("-k", "chooses_a_tool", **environment)
    assert "\n::error title=callproof chooses_a_tool::chooses_a_tool: " in output
    assert "## callproof: Gate not passed" in (tmp_path / "summary.md").read_text()
    _, output = gate("-k", "chooses_a_tool", GITHUB_ACTIONS="")
    assert "::error" not in output
