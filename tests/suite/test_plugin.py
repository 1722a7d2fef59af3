"""The plugin as a user meets it: pytest in a process of its own, with a scripted engine."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from suite.contracts import CONTRACTS as WITH_CHAMPION
from suite.results.file import read

ROOT = Path(__file__).parents[2]
CONTRACTS = WITH_CHAMPION[:-1]  # the last one is asked only where there is a champion
PROSE = """
from suite.engine import ScriptedEngine
from suite.outcome import Generation

def prose(target):
    reply = Generation("Sure, I will do that.<end_of_turn>", (-0.1,), "stop")
    return ScriptedEngine(lambda prompt: reply, format=target.format, identity=target.identity)
"""


@pytest.fixture
def run(tmp_path, small_base_files):
    """Runs pytest in the checkout against the scripted engine; returns exit code and output."""
    (tmp_path / "doubles.py").write_text(PROSE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def pytest_with(*arguments, **environment):
        env = {**os.environ, "CALLPROOF_ENGINE": "doubles:prose", "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        loader = [] if _installed() else ["-p", "suite.plugin"]
        done = subprocess.run(
            [*command[:3], *loader, *command[3:]],
            cwd=tmp_path, env=env | environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return pytest_with


def _installed() -> bool:
    from importlib.metadata import entry_points

    return any(entry.value == "suite.plugin" for entry in entry_points(group="pytest11"))


@pytest.fixture
def small_base_files(tmp_path):
    """A folder that looks like a base; nothing loads it, because the engine is scripted."""
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    return folder


def gate(run, *more):
    return run("--adapter", "none", "--base", "base", "--budget", "40", *more)


def test_what_has_nothing_to_be_asked_about_and_does_not_gate_is_skipped(run):
    code, output = gate(run, "-k", "adapter_is_effective", "-rs")
    assert "1 skipped" in output
    assert "no case was measured" in output
    assert code == 0


def test_the_contracts_are_collected_and_a_failure_shows_its_evidence(run):
    code, output = gate(run, "--catalog", "tuya")
    assert code == 1
    assert "chooses_a_tool" in output
    assert "Sure, I will do that." in output
    assert "-k chooses_a_tool" in output
    assert "gate NOT passed" in output


def test_workers_of_xdist_do_not_each_run_the_gate(run):
    code, output = gate(run, "-n", "2", "-k", "chooses_a_tool")
    assert code == 1
    assert "one process runs the gate" in output
    assert output.count("gate NOT passed") == 1


def test_one_contract_can_be_chosen(run):
    _, output = gate(run, "-k", "never_hallucinates_tools")
    assert "1 passed" in output or "1 failed" in output
    assert f"{len(CONTRACTS) - 1} deselected" in output
    assert f"only 1 of {len(CONTRACTS)} contracts were asked" in output


def test_results_are_written(run, tmp_path):
    _, output = gate(run, "--results", "out/results.json", "--seed", "4", "--made-up", "0", "-k", "chooses or valid")
    results = read(tmp_path / "out" / "results.json")
    assert (results.seed, results.made_up_percent) == (4, 0)
    assert "--made-up 0 --seed 4" in output
    assert {c.name for c in results.contracts} >= {"valid_calls", "chooses_a_tool"}


def test_what_is_kept_can_be_kept_elsewhere(run, tmp_path):
    code, _ = gate(run, "-k", "chooses_a_tool", "--cache", "elsewhere")
    assert code == 1
    assert list((tmp_path / "elsewhere" / "counterexamples" / "chooses_a_tool").glob("*.json"))
    assert not (tmp_path / ".callproof").exists()


def test_settings_can_stand_in_pyproject(run, tmp_path):
    (tmp_path / "pytest.ini").unlink()
    (tmp_path / "pyproject.toml").write_text("[tool.callproof]\nseed = 9\n[tool.pytest.ini_options]\n")
    gate(run, "--results", "results.json")
    assert json.loads((tmp_path / "results.json").read_text())["seed"] == 9


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--adapter", "missing"], "missing"),
        (["--adapter", "none", "--base", "nowhere"], "nowhere"),
        (["--adapter", "none", "--base", "base", "--catalog", "no_such"], "no_such"),
        (["--adapter", "none", "--base", "base", "--format", "xml"], "functiongemma, intent_json"),
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


def test_contracts_of_ones_own_are_asked_too(run, tmp_path):
    own = tmp_path / "own"
    own.mkdir()
    text = (ROOT / "docs" / "contracts" / "keeps_the_lights_on.py").read_text()
    (own / "never_off.py").write_text(text.replace('NotApplicable("nothing is switched off")', "Held()"))
    code, output = gate(run, "--contracts", "own", "-k", "keeps_the_lights_on or valid_calls", "--results", "r.json")
    assert code == 1
    assert [c.name for c in read(tmp_path / "r.json").contracts] == ["valid_calls", "keeps_the_lights_on"]
    assert f"only 2 of {len(CONTRACTS) + 1} contracts were asked" in output


def test_a_folder_without_contracts_is_a_usage_error(run):
    code, output = gate(run, "--contracts", "nowhere")
    assert code == 4
    assert "there is no such folder" in output
