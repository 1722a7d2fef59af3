"""Starting pytest, its help and collection never import torch and its like."""

import re
import subprocess
import sys
import time

import pytest

from tests.house.source import HEAVY, ROOMS, ROOT, files, imports, imports_of, module_name

AT_THE_EDGE = ("suite/engine/", "train/")
"""Only here may a module import a heavy library when it is itself imported."""


def heavy_at_import(found):
    return [i for i in found if i.at_import and i.target.split(".")[0] in HEAVY]


def python(*arguments):
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)
    return done, done.stdout + done.stderr


def heavy_of_importtime(text):
    """The heavy libraries in what `-X importtime` writes: `import time: self | cumulative | name`."""
    return sorted(set(re.findall(rf"^import time:.*\|\s+({'|'.join(HEAVY)})$", text, re.MULTILINE)))


def light_modules():
    """All that must load without a heavy library: every module but those that import one themselves, at the edge."""
    rooms = [path for path in files(*ROOMS) if not path.relative_to(ROOT).as_posix().startswith("train/")]
    light = [module_name(path) for path in rooms if not heavy_at_import(imports_of(path))]
    return [*light, "train", "train.__main__"]


def test_only_the_edge_imports_heavy_libraries_at_the_top():
    found = [i for path in files(*ROOMS, "tests", "conftest") for i in heavy_at_import(imports_of(path))]
    assert [str(i) for i in found if not i.source.startswith(AT_THE_EDGE)] == []


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("import torch.nn", True),
        ("try:\n    from scipy.stats import beta\nexcept ImportError:\n    pass", True),
        ("class A:\n    import trl", True),
        ("def f():\n    import torch", False),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch", False),
        ("import fixtures.datasets", False),
    ],
)
def test_a_heavy_import_counts_where_importing_the_file_runs_it(text, seen):
    assert bool(heavy_at_import(imports(text))) is seen


def test_a_fresh_interpreter_imports_the_plugin_and_all_light_modules_without_a_heavy_library():
    modules = light_modules()
    assert "suite.plugin" in modules
    done, output = python("-X", "importtime", "-c", "\n".join(f"import {name}" for name in modules))
    assert done.returncode == 0, output[-3000:]
    assert heavy_of_importtime(output) == []


def test_the_door_which_every_pytest_loads_brings_no_room():
    done, output = python("-X", "importtime", "-c", "import callproof")
    assert done.returncode == 0, output[-3000:]
    brought = {line.rpartition("|")[2].strip().partition(".")[0] for line in output.splitlines() if "|" in line}
    assert "callproof" in brought
    assert brought & {*ROOMS, "hypothesis", "numpy", "jsonschema", "tqdm"} == set()


def pytest_imports(*options):
    """What a run of pytest says of its imports; without capture, which would swallow those of the test files."""
    start = time.monotonic()
    done, output = python("-X", "importtime", "-m", "pytest", "-s", "-p", "no:cacheprovider", *options)
    sys.stdout.write(f"pytest {' '.join(map(str, options))}: {time.monotonic() - start:.1f} s with -X importtime\n")
    assert done.returncode == 0, output[-3000:]
    return output


@pytest.mark.parametrize(
    "options", [["--help"], ["--collect-only", "-q", "--adapter", "none"]], ids=["help", "collection of contracts"]
)
def test_neither_help_nor_collecting_the_contracts_imports_a_heavy_library(options):
    output = pytest_imports(*options)
    assert ("suite.plugin.hooks" in output) is ("--adapter" in options)  # where a gate is asked for, and only there
    assert heavy_of_importtime(output) == []


def test_collecting_our_own_tests_imports_no_model_library():
    # scipy.special takes a tenth of a second, and samples for the tests of reports need its intervals.
    assert set(heavy_of_importtime(pytest_imports("--collect-only", "-q"))) <= {"scipy"}


def test_a_heavy_import_of_a_test_file_is_seen_at_collection(tmp_path):
    (tmp_path / "test_heavy.py").write_text("import scipy\n\ndef test_nothing():\n    assert scipy\n")
    assert heavy_of_importtime(pytest_imports("--collect-only", "-q", tmp_path / "test_heavy.py")) == ["scipy"]


def test_a_heavy_import_is_seen_in_the_times():
    assert heavy_of_importtime("import time:  1 |  2 |   scipy.stats\nimport time:  1 |  2 |   torch\n") == ["torch"]
