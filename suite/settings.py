"""Settings of the gate: `[tool.callproof]` in pyproject.toml, overruled by the command line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from fixtures.catalogs import SHIPPED
from fixtures.cores import AUTO, check_dtype, check_processes
from fixtures.errors import UserError, check_percentage, closest
from fixtures.formats.found import Given
from fixtures.outside import from_folder

MADE_UP = 50
"""Per cent of the cases that are on catalogs which nobody wrote; the others are on those under test."""
MADE_UP_BESIDE_EXAMPLES = 10
"""The same where there are examples of people's own requests: most of the exam is in their words then."""
AS_DEPLOYED = 50
"""Per cent of the cases on given catalogs that declare all of its tools, in the file's order, as production does."""
AS_DEPLOYED_BESIDE_EXAMPLES = 90
"""The same where there are examples: whoever has them asks how an adapter does as it is deployed. With half, the
right tool was named up to 12 points more often than on the same people's held-out rows; with all, 4 (docs/exam.md)."""
BAR_WORDS = ("gates", "reports", "off")
"""What may be said of a contract without a figure."""
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
    chat_template: str | None = None
    template_kwargs: str | None = None
    system: str | None = None
    catalog: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    made_up: int = MADE_UP
    as_deployed: int = AS_DEPLOYED
    seed: int = 0
    budget: int = DEFAULT_BUDGET
    contracts: str | None = None
    champion: str | None = None
    to_the_end: bool = False
    leave_out_unaskable: bool = False
    bars: Mapping[str, Any] = field(default_factory=dict)
    """By contract: what the gate asks of it instead of the default; see `suite.policy`."""
    processes: int | None = None
    dtype: str = AUTO
    results: str | None = None
    replay: str | None = None
    """Which counterexample is to be asked again, instead of a gate; `neighbours` asks cases around it too."""
    neighbours: bool = False
    cache: str = ".callproof"

    @property
    def own_contracts(self) -> Path | None:
        """The folder of the user's own contracts, if there is one."""
        return Path(self.contracts) if self.contracts else None

    @property
    def given(self) -> Given:
        """What is said of the template that a format is found in."""
        return Given(self.chat_template, self.template_kwargs, self.system)

    @property
    def of_the_gate(self) -> dict[str, Any]:
        """What `suite.gate` takes of these, by its own names; what it asks of whom is for the caller to say."""
        names = (
            "base",
            "format",
            "cases",
            "examples",
            "made_up",
            "as_deployed",
            "seed",
            "budget",
            "to_the_end",
            "processes",
            "leave_out_unaskable",
            "bars",
            "dtype",
        )
        plain = {name: getattr(self, name) for name in names}
        return {**plain, "given": self.given, "catalogs": self.catalog, "cache": Path(self.cache)}


def usual_made_up(examples: Sequence[str]) -> int:
    """Per cent of the cases on catalogs nobody wrote, where nobody says how many."""
    return MADE_UP_BESIDE_EXAMPLES if examples else MADE_UP


def usual_as_deployed(examples: Sequence[str]) -> int:
    """Per cent of the cases on given catalogs that declare all of its tools, where nobody says how many."""
    return AS_DEPLOYED_BESIDE_EXAMPLES if examples else AS_DEPLOYED


_TABLE = re.compile(r"^\s*\[tool\.callproof\b", re.MULTILINE)
_PATHS = ("chat_template", "contracts", "champion", "results")
_LISTS = ("catalog", "cases", "examples")
"""Each names files, as many as one likes; a catalog that is shipped has a name alone, and is no file."""
_KINDS: Mapping[str, type] = {
    "adapter": str, "base": str, "download": bool, "format": str, "chat_template": str, "template_kwargs": str,
    "system": str, "catalog": list, "cases": list, "examples": list, "made_up": int, "as_deployed": int, "seed": int,
    "budget": int, "contracts": str, "champion": str, "to_the_end": bool, "leave_out_unaskable": bool, "bars": dict,
    "processes": int, "dtype": str, "results": str, "replay": str, "neighbours": bool, "cache": str,
}  # fmt: skip


def home_of(start: Path) -> Path:
    """Where settings and what is kept belong: the nearest folder, from `start` upwards, whose pyproject.toml has
    `[tool.callproof]`; `start` itself if none has.

    Not pytest's rootdir: that depends on how an option is written (`--adapter PATH` or `--adapter=PATH`).
    """
    start = start.resolve()
    return next((folder for folder in (start, *start.parents) if _has_table(folder / "pyproject.toml")), start)


def settings_file(start: Path | None = None) -> Path | None:
    """The pyproject.toml that settings come from in the folder `start` (default: this one), if one has any."""
    file = home_of(start or Path.cwd()) / "pyproject.toml"
    return file if _has_table(file) else None


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
    for key in _LISTS:
        if home != start and not command_line.get(key):
            moved[key] = tuple(one if one in SHIPPED else from_folder(one, home) for one in getattr(settings, key))
    return replace(settings, cache=cache, **moved)


def _merged(pyproject: Path, command_line: Mapping[str, Any]) -> Settings:
    table = _table(pyproject)
    for key, value in table.items():
        _check(str(pyproject), key, value)
    table.pop("adapter", None)
    for key in ("replay", "neighbours"):  # in a file, it would keep every gate from reaching a verdict
        if key in table:
            raise UserError(f"{pyproject} [tool.callproof] {key}", "it is no setting", hint=f"give --{key} to pytest")
    given = {key: value for key, value in command_line.items() if value not in (None, [])}
    merged = {**table, **given}
    budget = merged.get("budget", DEFAULT_BUDGET)
    if budget < LEAST_BUDGET:
        where = "--budget" if "budget" in given else f"{pyproject} [tool.callproof] budget"
        raise UserError(where, f"budget={budget} is too small to measure anything", allowed=f"{LEAST_BUDGET} and more")
    where = "--made-up" if "made_up" in given else f"{pyproject} [tool.callproof] made_up"
    merged.setdefault("made_up", usual_made_up(merged.get("examples", ())))
    check_percentage(merged["made_up"], where)
    where = "--as-deployed" if "as_deployed" in given else f"{pyproject} [tool.callproof] as_deployed"
    merged.setdefault("as_deployed", usual_as_deployed(merged.get("examples", ())))
    check_percentage(merged["as_deployed"], where)
    where = "--processes" if "processes" in given else f"{pyproject} [tool.callproof] processes"
    check_processes(merged.get("processes", 1), where)
    where = "--dtype" if "dtype" in given else f"{pyproject} [tool.callproof] dtype"
    check_dtype(merged.get("dtype", AUTO), where)
    merged["bars"] = {**table.get("bars", {}), **dict(_bar(text) for text in given.get("bars", ()))}
    for key in _LISTS:
        merged[key] = tuple(merged.get(key, ()))
    return Settings(**merged)


def _bar(text: str) -> tuple[str, Any]:
    """Contract and bar of `--bar NAME=VALUE`; the value is a bare word, or TOML as in the settings file."""
    name, equals, value = text.partition("=")
    allowed = f"NAME=VALUE, with one of {', '.join(BAR_WORDS)} or a table such as {{at_least = 0.9}}"
    if not equals or not name.strip():
        raise UserError(f"--bar {text}", "this is no bar", allowed=allowed)
    if value.strip() in BAR_WORDS:
        return name.strip(), value.strip()
    try:
        return name.strip(), tomllib.loads(f"bar = {value}")["bar"]
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"--bar {text}", f"the value cannot be read: {error}", allowed=allowed) from error


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
        wanted = {
            list: "a list of strings",
            int: "a whole number",
            str: "a string",
            bool: "true or false",
            dict: "a table",
        }[kind]
        raise UserError(where, f"{key}={value!r} is not {wanted}", allowed=wanted)
