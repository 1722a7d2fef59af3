"""Settings of the gate: `[tool.callproof]` in pyproject.toml, overruled by the command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from fixtures.cores import check_processes
from fixtures.errors import UserError, check_percentage, closest
from fixtures.outside import from_folder

MADE_UP = 50
"""Per cent of the cases that are on catalogs which nobody wrote; the others are on those under test."""
AS_DEPLOYED = 50
"""Per cent of the cases on given catalogs that declare all of its tools, in the file's order, as production does."""
LEAST_BUDGET = 20
DEFAULT_BUDGET = 800
"""Measures 700 cases: at an acceptable 98 %, 95 % of adapters are decided by 680 (docs/trust.md), most long before."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the gate is to do; `adapter` None means that no gate was asked for."""

    adapter: str | None = None
    base: str | None = None
    download: bool = False
    format: str | None = None
    catalog: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    made_up: int = MADE_UP
    as_deployed: int = AS_DEPLOYED
    seed: int = 0
    budget: int = DEFAULT_BUDGET
    contracts: str | None = None
    champion: str | None = None
    to_the_end: bool = False
    leave_out_unaskable: bool = False
    processes: int | None = None
    results: str | None = None
    cache: str = ".callproof"

    @property
    def own_contracts(self) -> Path | None:
        """The folder of the user's own contracts, if there is one."""
        return Path(self.contracts) if self.contracts else None

    @property
    def of_the_gate(self) -> dict[str, Any]:
        """What `suite.gate` takes of these, by its own names; what it asks of whom is for the caller to say."""
        names = (
            "base",
            "format",
            "cases",
            "made_up",
            "as_deployed",
            "seed",
            "budget",
            "to_the_end",
            "processes",
            "leave_out_unaskable",
        )
        plain = {name: getattr(self, name) for name in names}
        return {**plain, "catalogs": self.catalog, "cache": Path(self.cache)}


_TABLE = re.compile(r"^\s*\[tool\.callproof\b", re.MULTILINE)
_PATHS = ("contracts", "champion", "results")
_KINDS: Mapping[str, type] = {
    "adapter": str, "base": str, "download": bool, "format": str, "catalog": list, "cases": list, "made_up": int,
    "as_deployed": int, "seed": int, "budget": int, "contracts": str, "champion": str, "to_the_end": bool,
    "leave_out_unaskable": bool, "processes": int, "results": str, "cache": str,
}  # fmt: skip


def home_of(start: Path) -> Path:
    """Where settings and what is kept belong: the nearest folder, from `start` upwards, whose pyproject.toml has
    `[tool.callproof]`; `start` itself if none has.

    Not pytest's rootdir: that depends on how an option is written (`--adapter PATH` or `--adapter=PATH`).
    """
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if _has_table(folder / "pyproject.toml")), start)


def read_settings(command_line: Mapping[str, Any], start: Path | None = None) -> Settings:
    """Settings from the command line, typed in the folder `start` (default: this one), and from `[tool.callproof]` of
    its home; raises UserError for an unknown key or a value of the wrong kind.

    A path on the command line is meant from `start`, one in the file from the file; `cache` comes back absolute. A
    stand-alone `adapter` key does not start a gate by itself: only `--adapter` on the command line does.
    """
    start = (start or Path.cwd()).resolve()
    home = home_of(start)
    settings = _merged(home / "pyproject.toml", command_line)
    cache = str((start if command_line.get("cache") else home) / settings.cache)
    moved: dict[str, Any] = {
        key: str(home / getattr(settings, key))
        for key in _PATHS
        if home != start and getattr(settings, key) and not command_line.get(key)
    }
    if home != start and not command_line.get("cases"):
        moved["cases"] = tuple(from_folder(path, home) for path in settings.cases)
    return replace(settings, cache=cache, **moved)


def _merged(pyproject: Path, command_line: Mapping[str, Any]) -> Settings:
    table = _table(pyproject)
    for key, value in table.items():
        _check(str(pyproject), key, value)
    table.pop("adapter", None)
    given = {key: value for key, value in command_line.items() if value not in (None, [])}
    merged = {**table, **given}
    budget = merged.get("budget", DEFAULT_BUDGET)
    if budget < LEAST_BUDGET:
        where = "--budget" if "budget" in given else f"{pyproject} [tool.callproof] budget"
        raise UserError(where, f"budget={budget} is too small to measure anything", allowed=f"{LEAST_BUDGET} and more")
    where = "--made-up" if "made_up" in given else f"{pyproject} [tool.callproof] made_up"
    check_percentage(merged.get("made_up", MADE_UP), where)
    where = "--as-deployed" if "as_deployed" in given else f"{pyproject} [tool.callproof] as_deployed"
    check_percentage(merged.get("as_deployed", AS_DEPLOYED), where)
    where = "--processes" if "processes" in given else f"{pyproject} [tool.callproof] processes"
    check_processes(merged.get("processes", 1), where)
    for key in ("catalog", "cases"):
        merged[key] = tuple(merged.get(key, ()))
    return Settings(**merged)


def _has_table(pyproject: Path) -> bool:
    """Whether the file means to have the table; what is wrong with it is told when it is read."""
    return pyproject.is_file() and bool(_TABLE.search(pyproject.read_text(encoding="utf-8", errors="replace")))


def _table(pyproject: Path) -> dict[str, Any]:
    if not pyproject.is_file():
        return {}
    try:
        data = tomllib.loads(pyproject.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(str(pyproject), f"this is not valid TOML: {error}") from error
    return dict(data.get("tool", {}).get("callproof", {}))


def _check(pyproject: str, key: str, value: object) -> None:
    known = [f.name for f in fields(Settings)]
    where = f"{pyproject} [tool.callproof] {key}"
    if key not in known:
        raise UserError(where, f"there is no setting {key!r}", allowed=", ".join(known), hint=closest(key, known))
    kind = _KINDS[key]
    texts = not isinstance(value, list) or all(isinstance(one, str) for one in value)
    if isinstance(value, bool) != (kind is bool) or not isinstance(value, kind) or not texts:
        wanted = {list: "a list of strings", int: "a whole number", str: "a string", bool: "true or false"}[kind]
        raise UserError(where, f"{key}={value!r} is not {wanted}", allowed=wanted)
