"""What a gate in pytest does, option by option."""

import json
import re

import pytest

from suite.contracts import DRAWN as CONTRACTS
from suite.results.file import read
from tests.suite.plugin.conftest import ROOT


def test_what_has_nothing_to_be_asked_about_and_does_not_gate_is_undecided_and_closes_nothing(gate):
    code, output = gate("-k", "adapter_is_effective")
    assert "1 undecided" in output
    assert "no case" in output
    assert code == 0


def test_the_contracts_are_collected_and_a_failure_shows_its_evidence(gate):
    code, output = gate("--catalog", "tuya")
    assert code == 1
    assert "chooses_a_tool" in output
    assert "Sure, I will do that." in output
    assert re.search(r"pytest --adapter none .* --replay [0-9a-f]{8}$", output, re.MULTILINE)
    assert "Gate not passed" in output


def test_workers_of_xdist_do_not_each_run_the_gate(gate):
    code, output = gate("-n", "2", "-k", "chooses_a_tool")
    assert code == 1
    assert "one process runs the gate" in output
    assert output.count("Gate not passed") == 1


def test_one_contract_can_be_chosen(gate):
    _, output = gate("-k", "never_hallucinates_tools")
    assert "1 undecided" in output
    assert f"{len(CONTRACTS) - 1} deselected" in output
    assert f"only 1 of {len(CONTRACTS)} contracts were asked" in output


def test_results_are_written(gate, tmp_path):
    _, output = gate("--results", "out/results.json", "--seed", "4", "--made-up", "0", "-k", "chooses or valid")
    results = read(tmp_path / "out" / "results.json")
    assert (results.seed, results.made_up_percent) == (4, 0)
    assert re.search(r"--catalog \S+ .*--replay [0-9a-f]{8}", output)
    assert {c.name for c in results.contracts} >= {"valid_calls", "chooses_a_tool"}


def test_what_is_kept_can_be_kept_elsewhere(gate, tmp_path):
    code, _ = gate("-k", "chooses_a_tool", "--cache", "elsewhere")
    assert code == 1
    assert list((tmp_path / "elsewhere" / "counterexamples" / "chooses_a_tool").glob("*.json"))
    assert not (tmp_path / ".callproof").exists()


def test_settings_can_stand_in_pyproject(gate, tmp_path):
    (tmp_path / "pytest.ini").unlink()
    (tmp_path / "pyproject.toml").write_text("[tool.callproof]\nseed = 9\n[tool.pytest.ini_options]\n")
    gate("--results", "results.json")
    assert json.loads((tmp_path / "results.json").read_text())["seed"] == 9


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--adapter", "missing"], "missing"),
        (["--adapter", "none", "--base", "nowhere"], "nowhere"),
        (["--adapter", "none", "--base", "base", "--catalog", "no_such"], "no_such"),
        (["--adapter", "none", "--base", "base", "--format", "xml"], "functiongemma, gemma4, hermes"),
        (["--adapter", "none", "--base", "base", "--budget", "1"], "20 and more"),
        (["--adapter", "none", "--base", "base", "--made-up", "101"], "0 to 100"),
        (["--adapter", "base", "--base", "base"], "adapter_config.json"),
    ],
    ids=["folder", "base", "catalog", "format", "budget", "percentage", "config"],
)
def test_bad_input_is_a_usage_error_with_one_message(run, arguments, told):
    code, output = run(*arguments)
    assert code == 4
    assert told in output
    assert output.count("problem:") == 1
    assert "Traceback" not in output


def test_without_an_adapter_nothing_of_ours_is_collected(run, tmp_path):
    (tmp_path / "test_own.py").write_text("def test_mine():\n    assert True\n")
    code, output = run()
    assert code == 0
    assert "1 passed" in output
    assert "callproof" not in output.split("test session starts")[1].split("collected")[1]


def test_contracts_of_ones_own_are_asked_too(gate, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    text = (ROOT / "docs" / "contracts" / "keeps_the_lights_on.py").read_text()
    (own / "never_off.py").write_text(text.replace('NotApplicable("nothing is switched off")', "Held()"))
    code, output = gate("--contracts", "own", "-k", "keeps_the_lights_on or valid_calls", "--results", "r.json")
    assert code == 1
    assert [c.name for c in read(tmp_path / "r.json").contracts] == ["valid_calls", "keeps_the_lights_on"]
    assert f"only 2 of {len(CONTRACTS) + 1} contracts were asked" in output


def test_a_folder_without_contracts_is_a_usage_error(gate):
    code, output = gate("--contracts", "nowhere")
    assert code == 4
    assert "there is no such folder" in output


def test_what_a_person_can_repair_ends_the_gate_once_and_is_no_verdict(gate):
    code, output = gate(engine="refusing")
    assert code == 4
    assert output.count("the adapter is not applied") == 1
    assert "failed" not in output
    assert "Gate" not in output


def test_an_adapter_that_answers_in_another_format_is_told_its_format_and_gets_no_verdict(gate):
    code, told = gate(engine="bare_json")
    assert code == 4
    assert "this adapter answers in json" in told
    assert "--format json" in told
    assert told.count("problem:") == 1
    assert "Gate not passed" not in told


def test_a_fault_inside_callproof_is_told_as_such(gate):
    code, output = gate(engine="broken")
    assert code == 3
    assert "a mistake of ours" in output
    assert "a fault inside callproof" in output


def test_the_header_says_what_is_gated_and_who_says_so(gate):
    _, output = gate("--format", "intent_json", "-k", "valid_calls")
    assert "callproof: gates the bare base, base base (as given), format intent_json (as given)" in output
    _, output = gate("-k", "valid_calls")
    assert "format functiongemma (the default)" in output


def test_a_budget_that_cannot_do_is_told_before_the_gate_runs(gate):
    _, output = gate("-k", "valid_calls or never_hallucinates")
    told = "with --budget 40, never_hallucinates_tools, valid_calls cannot pass; --budget 128 is the least"
    assert told in output
    assert output.index(told) < output.index("test session starts") + 2000
    assert output.index(told) < output.index("valid_calls.py")
    _, output = gate("--budget", "128", "-k", "valid_calls or never_hallucinates")
    assert "cannot pass" not in output


def test_a_log_file_learns_that_a_gate_has_begun(gate):
    _, output = gate("-k", "valid_calls")
    assert "gating none on base by 1 contract, fewer where the case is clear: at most" in output


def test_undecided_is_called_undecided(gate):
    code, output = gate("-k", "never_hallucinates_tools")
    assert code == 1
    assert "1 undecided" in output
    assert "failed" not in output.replace("0 failed", "")
    assert output.rstrip().splitlines()[-1].startswith("Gate not passed: 0 of 1 gating contract passed, 1 undecided")


def test_the_verdict_is_the_last_line_and_contracts_that_were_cut_short_say_so(gate, tmp_path):
    _, output = gate("--budget", "100", "--made-up", "0", "--catalog", "tuya", "--results", "r.json")
    lines = output.rstrip().splitlines()
    assert lines[-1].startswith("Gate not passed: ")
    assert "== FAILURES ==" not in output
    assert any("obeys_the_conversation" in line and "0/10, cut short" in line for line in lines)
    (obeys,) = [c for c in read(tmp_path / "r.json").contracts if c.name == "obeys_the_conversation"]
    assert obeys.cut_short
    assert f"cut short, because {obeys.cut_short} had failed" in obeys.verdict.reason


def test_counterexamples_of_what_closes_the_gate_are_shown_in_full_and_others_with_v(gate):
    options = "--budget", "100", "--made-up", "0", "--catalog", "tuya"
    _, brief = gate(*options)
    assert brief.count("counterexample of chooses_a_tool") == 1
    assert "counterexample of obeys_the_conversation" not in brief
    _, whole = gate(*options, "-v")
    assert whole.count("counterexample of chooses_a_tool") > 1
    assert "counterexample of obeys_the_conversation" in whole


def test_quiet_is_the_verdict_alone(gate):
    _, output = gate("-q", "-k", "valid_calls")
    assert "kept" not in output
    assert output.rstrip().splitlines()[-1].startswith("Gate not passed: ")


@pytest.mark.parametrize("named", [["--pyargs", "suite.contracts"], [str(ROOT / "suite" / "contracts")], []])
def test_contracts_of_ones_own_are_not_forgotten_where_the_shipped_ones_are_named(gate, named, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    (own / "mine.py").write_text((ROOT / "docs" / "contracts" / "keeps_the_lights_on.py").read_text())
    _, output = gate(*named, "--contracts", "own", "--collect-only", "-q")
    assert f"{len(CONTRACTS) + 1} tests collected" in output


def test_a_contract_of_ones_own_is_replayed_with_its_folder(gate, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    text = (ROOT / "docs" / "contracts" / "keeps_the_lights_on.py").read_text()
    (own / "never_off.py").write_text(text.replace('NotApplicable("nothing is switched off")', 'Broken("x", "y")'))
    _, output = gate("--contracts", "own", "-k", "keeps_the_lights_on", "-v")
    assert re.search(r"--contracts own --replay [0-9a-f]{8}", output)


@pytest.mark.parametrize("words", [["--adapter", "none"], ["--adapter=none"]], ids=["space", "equals"])
def test_what_is_kept_stands_at_home_however_the_option_is_written(run, words, tmp_path):
    home, below = tmp_path / "home", tmp_path / "home" / "below"
    below.mkdir(parents=True)
    (home / "pyproject.toml").write_text("[tool.callproof]\nseed = 1\n")
    run(*words, f"--base={tmp_path / 'base'}", "--budget=40", "-k", "chooses_a_tool", folder=below)
    assert (home / ".callproof" / "counterexamples").is_dir()
    assert not (below / ".callproof").exists()


def test_where_a_counterexample_cannot_be_kept_the_verdict_is_told_all_the_same(gate, tmp_path):
    (tmp_path / ".callproof").mkdir()
    (tmp_path / ".callproof" / "counterexamples").write_text("a file, where a folder is to be made")
    code, output = gate("-k", "chooses_a_tool", "--results", "r.json")
    assert code == 4
    assert output.count("cannot be written") == 1
    assert "Gate not passed: 0 of 1 gating contract passed, 1 failed" in output
    assert read(tmp_path / "r.json").contracts


def test_where_results_cannot_be_written_the_verdict_is_told_all_the_same(gate, tmp_path):
    (tmp_path / "taken").write_text("")
    code, output = gate("-k", "chooses_a_tool", "--results", "taken/r.json")
    assert code == 4
    assert "Gate not passed" in output


def test_the_header_says_how_a_catalog_was_read_and_what_is_never_asked_for(gate, tmp_path):
    schema = {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}
    never = {"type": "object", "properties": {"x": {"type": "string", "pattern": "^(?=a)b"}}, "required": ["x"]}
    tools = [
        {"name": "clean_room", "description": "Clean a room.", "inputSchema": schema},
        {"name": "never_there", "description": "Nobody can.", "inputSchema": never},
    ]
    (tmp_path / "mcp.json").write_text(json.dumps({"tools": tools}))
    code, output = gate("--catalog", "mcp.json", "--collect-only", "-k", "valid_calls")
    assert code == 4
    assert "never_there" in output
    assert "--leave-out-unaskable" in output
    code, output = gate("--catalog", "mcp.json", "--leave-out-unaskable", "--collect-only", "-k", "valid_calls")
    assert code == 0
    assert "inputSchema" in output
    assert "never asked for: never_there" in output


def test_contracts_are_judged_although_another_file_cannot_be_collected(gate, tmp_path):
    (tmp_path / "test_broken.py").write_text("import nothing_of_that_name\n")
    arguments = "--continue-on-collection-errors", "--pyargs", "suite.contracts", "test_broken.py", "-k", "valid_calls"
    code, output = gate(*arguments)
    assert code == 1
    assert "1 error" in output
    assert "Gate not passed" in output
    code, output = gate(*arguments[1:])
    assert code == 2
    assert "Gate" not in output
