"""The wheel is complete, and gates from an empty folder in an environment of its own."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from suite.contracts import DRAWN
from tests.house.source import DOOR, ROOMS, ROOT, files, module_name, pyproject

pytestmark = pytest.mark.slow

SCRIPT = """
from suite.engine import ScriptedEngine
from suite.reply import Generation

def prose(target):
    reply = Generation("I am not sure what you mean.<end_of_turn>", (-0.1,), "stop")
    return ScriptedEngine(lambda prompt: reply, format=target.format, identity=target.identity)
"""


def packages():
    return pyproject()["tool"]["setuptools"]["packages"]


def shipped_files():
    """What the wheel has to hold: every file of the listed packages."""
    found = [path for name in packages() for path in (ROOT / name.replace(".", "/")).iterdir() if path.is_file()]
    return {path.relative_to(ROOT).as_posix() for path in found} | {f"{DOOR}.py"}


def run(*command, cwd, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST", "CALLPROOF"))}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env=kept | environment, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy, so that nothing left over from other builds gets in and none is left behind."""
    copy, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in (*ROOMS, f"{DOOR}.py", "pyproject.toml", "README.md", "LICENSE"):
        whole = ROOT / name
        shutil.copytree(whole, copy / name) if whole.is_dir() else shutil.copy(whole, copy)
    code, output = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=copy)
    assert code == 0, output
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """A fresh environment with the wheel, and the libraries (not the checkout) of the one that runs these tests."""
    home = tmp_path_factory.mktemp("environment") / "fresh"
    venv.create(home, symlinks=True, with_pip=False)
    interpreter = home / "bin" / "python"
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(home)}))
    # A folder that a .pth file names is searched after the wheel's, and .pth files in it (editable ones) do nothing.
    (site / "libraries.pth").write_text("\n".join({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}))
    install = ["install", "--quiet", "--no-index", "--no-deps", wheel]
    code, output = run(sys.executable, "-m", "pip", "--python", interpreter, *install, cwd=home)
    assert code == 0, output
    return interpreter


@pytest.fixture
def empty(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_every_package_is_listed():
    found = {module_name(path).rpartition(".")[0] for path in files(*ROOMS) if path.name != "__init__.py"}
    found |= {module_name(path) for path in files(*ROOMS) if path.name == "__init__.py"}
    assert found == {name for name in packages() if list((ROOT / name.replace(".", "/")).glob("*.py"))}


def test_the_wheel_holds_the_listed_packages_their_data_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if ".dist-info/" not in name} == shipped_files()
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {"fixtures/bases/tiny/model.safetensors", "fixtures/formats/functiongemma/chat_template.jinja"} <= names


def test_the_installed_copy_is_what_an_empty_folder_imports(python, empty):
    rooms = ", ".join(ROOMS)
    code, output = run(python, "-c", f"import {rooms}\nfor m in ({rooms}): print(m.__file__)", cwd=empty)
    assert code == 0, output
    assert [Path(line).is_relative_to(python.parents[1]) for line in output.split()] == [True] * len(ROOMS)


def test_a_gate_runs_from_an_empty_folder(python, empty, tmp_path):
    (tmp_path / "engines").mkdir()
    (tmp_path / "engines" / "scripted_for_the_wheel.py").write_text(SCRIPT)
    gate = ["--pyargs", "suite.contracts", "--adapter", "none", "--budget", "40", "--results", "results.json"]
    code, output = run(
        *(python, "-m", "pytest", *gate),
        cwd=empty,
        PYTHONPATH=str(tmp_path / "engines"),
        CALLPROOF_ENGINE="scripted_for_the_wheel:prose",
    )
    assert code == 1, output
    assert "Gate not passed" in output
    contracts = json.loads((empty / "results.json").read_text(encoding="utf-8"))["contracts"]
    verdicts = {contract["name"]: contract["verdict"]["name"] for contract in contracts}
    assert len(verdicts) == len(DRAWN)
    assert verdicts["chooses_a_tool"] == "fail"


def test_bad_input_is_a_usage_error_from_an_empty_folder_too(python, empty):
    code, output = run(python, "-m", "pytest", "--pyargs", "suite.contracts", "--adapter", "nowhere", cwd=empty)
    assert code == 4, output
    assert "Traceback" not in output
    assert "nowhere" in output


@pytest.fixture
def guest(tmp_path):
    """A project of somebody's that has rooms of callproof's names, and a test that uses them."""
    folder = tmp_path / "guest"
    for name in ("fixtures", "suite"):
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("MINE = 1\n")
    (folder / "conftest.py").write_text("import fixtures\n")
    (folder / "test_own.py").write_text("from fixtures import MINE\n\ndef test_mine():\n    assert MINE == 1\n")
    return folder


@pytest.mark.parametrize("pytest_", [("-m", "pytest"), ("-c", "import pytest; raise SystemExit(pytest.main())")])
def test_where_callproof_is_installed_the_tests_of_others_go_on(python, guest, pytest_):
    code, output = run(python, *pytest_, cwd=guest)
    assert code == 0, output
    assert "1 passed" in output


def test_a_gate_among_folders_of_the_same_names_is_told_by_what_it_is_hidden_and_what_to_do(python, guest):
    code, output = run(python, "-m", "pytest", "--adapter", "none", cwd=guest)
    assert code == 4, output
    assert str(guest / "fixtures") in output
    assert "callproof gate" in output
    assert "Traceback" not in output


def test_the_command_gates_among_folders_of_the_same_names(python, guest, tmp_path):
    (tmp_path / "scripted_for_the_wheel.py").write_text(SCRIPT)
    code, output = run(
        *(python.parent / "callproof", "gate", "none", "--budget", "40", "-k", "valid_calls or chooses"),
        cwd=guest,
        PYTHONPATH=str(tmp_path),
        CALLPROOF_ENGINE="scripted_for_the_wheel:prose",
    )
    assert code == 1, output
    assert "Gate not passed" in output


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ([], 0, "usage: callproof"),
        (["train", "--help"], 0, "Train adapters"),
        (["reports", "show", "nothing.json"], 2, "there is no such file"),
        (["gate", "nowhere"], 4, "there is no such folder"),
        (["gates"], 2, "there is no such command"),
    ],
    ids=["help", "train", "reports", "bad adapter", "bad command"],
)
def test_the_command_runs_what_the_modules_run(python, guest, words, status, told):
    code, output = run(python.parent / "callproof", *words, cwd=guest)
    assert (code, told in output) == (status, True), output
