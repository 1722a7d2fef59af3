"""What the house tests read: the checkout's files, and the imports in them."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("fixtures", "suite", "reports", "train")
DOOR = "callproof"
"""The module that pytest loads; it stands before all rooms."""
OURS = (*ROOMS, DOOR, "tests", "benchmarks", "conftest")
HEAVY = ("datasets", "peft", "scipy", "torch", "transformers", "trl")


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def files(*folders: str) -> list[Path]:
    """The Python files in these folders of the checkout, or the file of that name."""
    found = [path for name in folders for path in [*(ROOT / name).rglob("*.py"), ROOT / f"{name}.py"]]
    return sorted(path for path in found if path.is_file())


def module_name(path: Path) -> str:
    """`suite/engine/__init__.py` -> `suite.engine`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@dataclass(frozen=True, slots=True)
class Import:
    """One imported name, where it stands, and whether importing the file runs it."""

    source: str
    line: int
    target: str
    at_import: bool

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


def imports(text: str, source: str = "suite/module.py") -> list[Import]:
    """Every import in a file: at the top, in functions, for types only, relative, or by `import_module("name")`."""
    return list(_imports(ast.parse(text), source, at_import=True))


def imports_of(path: Path) -> list[Import]:
    return imports(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())


def _imports(node: ast.AST, source: str, at_import: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        yield from (Import(source, child.lineno, name, at_import) for name in _targets(child, source))  # type: ignore[attr-defined]
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            yield from _imports(child, source, at_import=False)
        else:
            later = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _imports(child, source, at_import and not later)


def _targets(node: ast.AST, source: str) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=module, names=names, level=level):
            package = source.split("/")[:-level] if level else []
            start = ".".join([*package, *([module] if module else [])])
            # `from suite import plugin` imports suite.plugin, and looks just like a name taken from suite.
            return [f"{start}.{alias.name}" for alias in names]
        case ast.Call(func=func, args=[ast.Constant(value=str(name)), *_]):
            called = func.attr if isinstance(func, ast.Attribute) else getattr(func, "id", "")
            return [name] if called in ("import_module", "__import__", "importorskip") else []
    return []
