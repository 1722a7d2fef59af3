"""`[tool.callproof]` written into a pyproject.toml that is there or not, without a change to anything else in it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit

from fixtures.errors import UserError

Value = bool | tuple[str, ...] | None
"""Of a setting; None takes out one that is there."""


def with_settings(path: Path, settings: Mapping[str, Value], comments: Sequence[str], *, overwrite: bool) -> str:
    """The file's text with these settings; nothing is written.

    A table that is there is left as it is but for these settings, and only with `overwrite`; a new one stands at the
    end, with the comments behind it. Raises UserError for a file that cannot be read, has the table, or is so written
    that none can be added.
    """
    text = _text(path)
    before = _parsed(path, text)
    line = "\r\n" if "\r\n" in text else "\n"
    lines = [f"{key} = {_toml(value)}" for key, value in settings.items() if value is not None]
    if (there := _table(before)) is None:
        block = ["[tool.callproof]", "# Paths are meant from this file.", *lines, *comments]
        gap = "" if not text else line if text.endswith("\n") else line * 2
        after = text + gap + line.join(block) + line
    elif not overwrite:
        hint = f"--overwrite, which decides {', '.join(settings)} anew and leaves the rest"
        raise UserError(f"{path} [tool.callproof]", "these settings are there already", hint=hint)
    else:
        after = _merged(text, settings)
    wanted = {key: value for key, value in (there or {}).items() if key not in settings}
    wanted |= {key: _plain(value) for key, value in settings.items() if value is not None}
    if not _is_that(after, before, wanted):
        by_hand = "; ".join(lines)
        problem = "[tool.callproof] cannot be written into this file without a change to the rest of it"
        raise UserError(str(path), problem, hint=f"write it by hand: {by_hand}")
    return after


def _text(path: Path) -> str:
    """What stands in the file, its line ends as they are; nothing where there is none."""
    try:
        return path.read_bytes().decode() if path.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(str(path), f"this file cannot be read: {error}", allowed="TOML in UTF-8") from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(str(path), f"this is not valid TOML: {error}", hint="repair it first") from error


def _table(data: Mapping[str, Any]) -> dict[str, Any] | None:
    tool = data.get("tool")
    found = tool.get("callproof") if isinstance(tool, dict) else None
    return dict(found) if isinstance(found, dict) else None


def _merged(text: str, settings: Mapping[str, Value]) -> str:
    """The text with the settings set in its table, comments and order as they were."""
    document = tomlkit.parse(text)
    table: Any = document["tool"]["callproof"]
    for key, value in settings.items():
        if value is not None:
            table[key] = _plain(value)
        elif key in table:
            del table[key]
    return tomlkit.dumps(document)


def _is_that(text: str, before: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether the text says what the old one said, and these settings."""
    try:
        after = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    expected = {**before, "tool": {**before.get("tool", {}), "callproof": wanted}}
    return after == expected


def _plain(value: bool | tuple[str, ...]) -> bool | list[str]:
    return value if isinstance(value, bool) else list(value)


def _toml(value: bool | tuple[str, ...]) -> str:
    item = tomlkit.item(_plain(value))
    return item.as_string()
