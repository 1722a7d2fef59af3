"""Files and functions stay small enough to be read in one go."""

import ast
from pathlib import Path

import pytest

from tests.house.source import OURS, ROOT, files

FILE_LINES = 300
FUNCTION_LINES = 60

EXEMPT: dict[str, int] = {}
"""`file.py` or `file.py::function` and its exact length. Entries may shrink and go; a new one needs a good reason."""


def sizes(path: Path, text: str) -> dict[str, int]:
    """Lines of the file and of each function in it, functions inside functions included."""
    name = path.as_posix()
    found = {name: text.count("\n")}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            key = f"{name}::{node.name}"
            found[key] = max(found.get(key, 0), (node.end_lineno or node.lineno) - node.lineno + 1)
    return found


def too_long(found: dict[str, int]) -> dict[str, int]:
    return {name: lines for name, lines in found.items() if lines > (FUNCTION_LINES if "::" in name else FILE_LINES)}


def test_no_file_and_no_function_is_longer_than_its_budget():
    found: dict[str, int] = {}
    for path in files(*OURS, ".ci"):
        found |= sizes(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    # Equal, not less: whoever shortens an exempt function lowers its figure, so that it cannot grow again.
    assert too_long(found) == EXEMPT


@pytest.mark.parametrize(("lines", "named"), [(FUNCTION_LINES, set()), (FUNCTION_LINES + 1, {"a.py::f"})])
def test_a_function_may_use_its_budget_and_no_line_more(lines, named):
    text = "def f():\n" + "    g()\n" * (lines - 1)
    assert set(too_long(sizes(Path("a.py"), text))) == named


def test_a_file_one_line_too_long_is_named():
    assert too_long(sizes(Path("a.py"), "x = 1\n" * (FILE_LINES + 1))) == {"a.py": FILE_LINES + 1}
