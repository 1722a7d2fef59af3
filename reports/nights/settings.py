"""What a night gates: a TOML file of the user's. docs/nights.md has all of its keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from fixtures.errors import UserError, check_percentage, closest
from suite.anchored import ANCHORS
from suite.settings import LEAST_BUDGET, MADE_UP
from suite.statistics.nights import FALSE_ALARMS

DEFAULT_FILE = "nightly.toml"
NIGHT_BUDGET = 400
REASONS = ("closed", "moved", "gap")
"""What may make a night end with exit code 1: a closed gate, something that moved to the worse, a gate that could not
run."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One adapter that is gated every night, with the gate's own options for it."""

    name: str
    adapter: str
    base: str | None = None
    format: str | None = None
    catalog: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    made_up: int = MADE_UP
    budget: int = NIGHT_BUDGET
    leave_out_unaskable: bool = False


@dataclass(frozen=True, slots=True)
class Nightly:
    """The settings of all nights; `folder` is where they are kept, `anchors` how many cases a contract has of them."""

    entries: tuple[Entry, ...]
    folder: Path
    anchors: int = ANCHORS
    anchor_seed: int = 0
    false_alarms: float = FALSE_ALARMS
    fail_on: tuple[str, ...] = REASONS
    digest: str = field(default="", compare=False)


_KINDS: Mapping[str, tuple[type, ...]] = {
    "name": (str,), "adapter": (str,), "base": (str,), "format": (str,), "catalog": (list,), "cases": (list,),
    "made_up": (int,), "budget": (int,), "leave_out_unaskable": (bool,),
    "folder": (str,), "anchors": (int,), "anchor_seed": (int,), "false_alarms": (float, int), "fail_on": (list,),
}  # fmt: skip
_WANTED = {str: "a text", list: "a list of texts", int: "a whole number", bool: "true or false", float: "a share"}


def read_nightly(file: Path) -> Nightly:
    """The settings in this file; paths in it are meant from it. UserError for the first fault, with its place."""
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        hint = "write one: docs/nights.md has an example, or name another with --config"
        raise UserError(str(file), "there is no such file", hint=hint) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UserError(str(file), f"it cannot be read: {error}", allowed="a TOML file") from error
    entries = data.pop("adapter", None)
    if not isinstance(entries, list) or not entries:
        raise UserError(
            f"{file} [[adapter]]", "no adapter is named", hint='[[adapter]] with name = "..." and adapter = "..."'
        )
    keys = tuple(f.name for f in fields(Nightly) if f.name not in ("entries", "digest"))
    _check(data, keys, str(file))
    home = file.resolve().parent
    made = tuple(_entry(one, number, file, home) for number, one in enumerate(entries, 1))
    names = [one.name for one in made]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise UserError(f"{file} [[adapter]] name", f"{twice!r} is named twice")
    _check_figures(data, str(file))
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return Nightly(**{**given, "entries": made, "folder": home / str(data.get("folder", "nights"))})


def _entry(data: Any, number: int, file: Path, home: Path) -> Entry:
    where = f"{file} [[adapter]] {number}"
    if not isinstance(data, dict):
        raise UserError(where, "this is a table", hint="[[adapter]]")
    _check(data, tuple(f.name for f in fields(Entry)), where)
    for key in ("name", "adapter"):
        if not data.get(key):
            raise UserError(f"{where} {key}", "it is not given", allowed="a text")
    if not _NAME.fullmatch(data["name"]):
        raise UserError(f"{where} name", f"{data['name']!r} is no name", allowed="letters, digits, `.`, `_` and `-`")
    check_percentage(data.get("made_up", MADE_UP), f"{where} made_up")
    if data.get("budget", NIGHT_BUDGET) < LEAST_BUDGET:
        raise UserError(f"{where} budget", f"{data['budget']} measures nothing", allowed=f"{LEAST_BUDGET} and more")
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    for key in ("catalog", "cases"):
        given[key] = tuple(_from(home, path) for path in given.get(key, ()))
    return Entry(**{**given, "adapter": _from(home, data["adapter"])})


def _from(home: Path, path: str) -> str:
    """A path of the file, if there is anything there; the names of shipped catalogs and bases stay as they are."""
    there = home / path
    return str(there) if there.exists() else path


def _check(data: Mapping[str, Any], keys: tuple[str, ...], where: str) -> None:
    for key, value in data.items():
        if key not in keys:
            raise UserError(
                f"{where} {key}", f"there is no key {key!r}", allowed=", ".join(keys), hint=closest(key, keys)
            )
        kinds = _KINDS[key]
        texts = not isinstance(value, list) or all(isinstance(one, str) for one in value)
        if isinstance(value, bool) != (bool in kinds) or not isinstance(value, kinds) or not texts:
            raise UserError(f"{where} {key}", f"{value!r} is not {_WANTED[kinds[0]]}", allowed=_WANTED[kinds[0]])


def _check_figures(data: Mapping[str, Any], where: str) -> None:
    if not 0 < data.get("false_alarms", FALSE_ALARMS) < 1:
        raise UserError(f"{where} false_alarms", f"{data['false_alarms']} is no share", allowed="between 0 and 1")
    if data.get("anchors", ANCHORS) < 1:
        raise UserError(f"{where} anchors", f"{data['anchors']} is too few", allowed="1 and more")
    for reason in data.get("fail_on", ()):
        if reason not in REASONS:
            raise UserError(
                f"{where} fail_on", f"there is no {reason!r}", allowed=", ".join(REASONS), hint=closest(reason, REASONS)
            )
