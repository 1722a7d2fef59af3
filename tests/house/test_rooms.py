"""Who may import whom. ARCHITECTURE.md links here."""

import pytest

from tests.house.source import OURS, ROOMS, Import, files, imports, imports_of

MAY_IMPORT = {
    "fixtures": {"fixtures"},
    "suite": {"suite", "fixtures"},
    "reports": {"reports", "suite", "fixtures"},
    "train": {"train", "reports", "suite", "fixtures"},
}


def forbidden(found: list[Import]) -> list[str]:
    """The imports that leave their room in a direction that is not allowed."""
    edges = [(i, i.source.split("/")[0], i.target.split(".")[0]) for i in found]
    return [str(i) for i, room, other in edges if other in OURS and other not in MAY_IMPORT[room]]


def of_the_plugin(found: list[Import]) -> list[str]:
    return [str(i) for i in found if f"{i.target}.".startswith("suite.plugin.")]


def test_rooms_only_import_inward():
    found = [i for path in files(*ROOMS) for i in imports_of(path)]
    assert len(found) > 100
    assert not forbidden(found)


def test_nobody_imports_the_plugin_but_conftest():
    found = [i for path in files(*ROOMS, "benchmarks", "conftest") for i in imports_of(path)]
    assert {line.split(":")[0] for line in of_the_plugin(found)} == {"conftest.py"}


@pytest.mark.parametrize(
    "text",
    [
        "import train",
        "import train.backends.sft as backend",
        "from reports import show",
        "def f():\n    from train.promote import decide",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from reports.page import Page",
        "import importlib\nimportlib.import_module('train.backends.sft')",
        "try:\n    import tests.suite\nexcept ImportError:\n    pass",
    ],
)
def test_an_import_outward_is_seen_wherever_it_stands(text):
    assert len(forbidden(imports(text, "suite/engine/module.py"))) == 1


@pytest.mark.parametrize(
    "text",
    ["import suite.plugin", "from suite import plugin", "from suite.plugin import gate_once", "from . import plugin"],
)
def test_an_import_of_the_plugin_is_seen(text):
    assert of_the_plugin(imports(text))


@pytest.mark.parametrize(
    "text", ["import torch", "from suite.engine import Engine", "from . import outcome", "import trainable"]
)
def test_an_import_inward_is_allowed(text):
    assert not forbidden(imports(text))
    assert not of_the_plugin(imports(text))
