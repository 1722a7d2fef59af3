"""Who may import whom. ARCHITECTURE.md links here."""

from pathlib import Path

import pytest

from tests.house.source import DOOR, OURS, ROOMS, ROOT, Import, files, imports, imports_of, module_name

MAY_IMPORT = {
    "fixtures": {"fixtures"},
    "suite": {"suite", "fixtures"},
    "reports": {"reports", "suite", "fixtures"},
    "train": {"train", "reports", "suite", "fixtures"},
}

FLOORS = {
    "suite": (
        ("settings", "reply", "bars", "user_rows", "figures", "asked"), ("outcome",), ("exam",), ("judging", "results"),
        ("statistics",), ("calibration",), ("engine", "contracts"), ("lanes",), ("policy",), ("gating",),
        ("anchored", "replay"), ("plugin", "preview", "phrasing"), ("__main__",),
    ),
    "train": (
        ("processes", "job", "gate_options", "format_options"), ("screen",), ("rows",), ("preferences",), ("backends",),
        ("calibrate", "lessons", "project", "promotion", "sabotage"), ("repair",), ("cli",), ("__main__",),
    ),
}  # fmt: skip
"""The rooms within a room, from the ground up: each may import those of lower floors."""
MOST_MODULES = 14
"""In one folder; suite/contracts/ is a list that people read one file of, and may be longer."""


def forbidden(found: list[Import]) -> list[str]:
    """The imports that leave their room in a direction that is not allowed."""
    edges = [(i, i.source.split("/")[0], i.target.split(".")[0]) for i in found]
    return [str(i) for i, room, other in edges if other in OURS and other not in MAY_IMPORT[room]]


def upward(found: list[Import], room: str) -> list[str]:
    """The imports within a room that go to its own floor or to a higher one."""
    floor = {name: number for number, names in enumerate(FLOORS[room]) for name in names}
    told = []
    for i in found:
        here, there = _inner(i.source.removesuffix(".py").split("/"), room), _inner(i.target.split("."), room)
        if here and there and here != there and floor[there] >= floor[here]:
            told.append(str(i))
    return told


def _inner(parts: list[str], room: str) -> str:
    """The room within `room` that a path or a name leads to; empty for another room, and for `room` as a whole."""
    inside = parts[0] == room and len(parts) > 1 and parts[1] != "__init__"
    return parts[1] if inside and parts[1] in {name for names in FLOORS[room] for name in names} else ""


def circles(edges: dict[str, set[str]]) -> list[str]:
    """The modules that reach themselves."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        left = [start]
        while left:
            new = edges.get(left.pop(), set()) - seen
            seen |= new
            left += new
        return seen

    return sorted(module for module in edges if module in reached(module))


def edges_of(paths: list[Path]) -> dict[str, set[str]]:
    """Which module imports which; imports in functions and for types only count like all others."""
    modules = {module_name(path) for path in paths}

    def module_of(target: str) -> str | None:
        parts = target.split(".")
        return next((m for n in range(len(parts), 0, -1) if (m := ".".join(parts[:n])) in modules), None)

    found = {module_name(path): {module_of(i.target) for i in imports_of(path)} for path in paths}
    return {module: {target for target in targets if target} for module, targets in found.items()}


def test_rooms_only_import_inward():
    found = [i for path in files(*ROOMS) for i in imports_of(path)]
    assert len(found) > 100
    assert not forbidden(found)


@pytest.mark.parametrize("room", FLOORS)
def test_rooms_within_a_room_only_import_downward(room):
    found = [i for path in files(room) for i in imports_of(path)]
    assert upward(found, room) == []


@pytest.mark.parametrize("room", FLOORS)
def test_every_room_within_a_room_has_its_floor(room):
    there = {path.relative_to(ROOT / room).parts[0].removesuffix(".py") for path in files(room)} - {"__init__"}
    assert there == {name for names in FLOORS[room] for name in names}


def test_no_file_reaches_itself_by_imports():
    assert circles(edges_of(files(*ROOMS, DOOR))) == []


def test_every_room_says_what_it_holds():
    packages = [path for path in files(*ROOMS) if path.name == "__init__.py"]
    assert [path for path in packages if not path.read_text(encoding="utf-8").startswith('"""')] == []
    folders = {path.parent for path in files(*ROOMS)}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_no_room_is_a_drawer():
    counts: dict[str, int] = {}
    for path in files(*ROOMS):
        folder = path.parent.relative_to(ROOT).as_posix()
        counts[folder] = counts.get(folder, 0) + (path.name != "__init__.py")
    assert {name for name, count in counts.items() if count > MOST_MODULES} <= {"suite/contracts"}


def test_the_embedded_base_is_data_without_code():
    assert [path.name for path in files("fixtures/bases/tiny")] == ["__init__.py"]


@pytest.mark.parametrize(
    "text",
    [
        "import train",
        "import train.backends.sft as backend",
        "from reports import show",
        "def f():\n    from train.promotion.decision import decide",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from reports.page import Page",
        "import importlib\nimportlib.import_module('train.backends.sft')",
        "try:\n    import tests.suite\nexcept ImportError:\n    pass",
        "import callproof",
    ],
)
def test_an_import_outward_is_seen_wherever_it_stands(text):
    assert len(forbidden(imports(text, "suite/engine/module.py"))) == 1


@pytest.mark.parametrize(
    "text", ["import torch", "from suite.engine import Engine", "from . import outcome", "import trainable"]
)
def test_an_import_inward_is_allowed(text):
    assert not forbidden(imports(text))


@pytest.mark.parametrize(
    ("source", "text", "seen"),
    [
        ("suite/exam/cases.py", "from suite.judging.contract import contract", True),
        ("suite/judging/contract.py", "from suite.exam.cases import clear", False),
        ("suite/results/file.py", "from suite.judging import judged", True),
        ("suite/lanes/search.py", "from suite.lanes.budget import Budget", False),
        ("suite/settings.py", "def f():\n    from suite import gating", True),
        ("suite/gating.py", "from suite import settings", False),
    ],
)
def test_an_import_upward_or_on_the_same_floor_is_seen(source, text, seen):
    assert bool(upward(imports(text, source), "suite")) is seen


def test_a_circle_is_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]
    assert circles({"a": {"b"}, "b": set()}) == []
