"""The patterns in an adapter's configuration, matched within a bounded time and handed on as plain names.

PEFT takes several settings for regular expressions and runs them with `re` over every module of the base: one that
never ends would keep the process for ever, deaf to Ctrl-C. Here they are read by an engine that stops in time, and what
PEFT gets in their place are the names that they match.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import regex

from fixtures.errors import UserError
from fixtures.reading.patterns import fault_of

SECONDS = 2.0
"""For all patterns of an adapter and all modules of its base; honest ones take milliseconds."""
ALL_LINEAR = "all-linear"
_PLAIN = re.compile(r"[\w.-]*", re.ASCII)
"""Names; a dot in one matches itself, and takes no time as a pattern either."""
_MEANT = "names of modules, or a regular expression that matches them in a moment"


class Patterns:
    """The settings of an adapter that name modules, checked; `where` is its configuration file.

    Raises UserError, with the setting, for what is no name and no pattern, cannot be read, or takes too long.
    """

    def __init__(self, config: Mapping[str, Any], where: str) -> None:
        self.config, self.where = config, where
        self._until = 0.0
        for name in ("target_modules", "exclude_modules"):
            _check_names(config.get(name), f"{where} {name}", pattern=True)
        for name in ("modules_to_save", "layers_pattern", "target_parameters"):
            _check_names(config.get(name), f"{where} {name}", pattern=False)
        for name in ("rank_pattern", "alpha_pattern"):
            _check_mapping(config.get(name), f"{where} {name}")

    def over(self, modules: Iterable[str]) -> dict[str, Any]:
        """The settings with these modules in the place of the patterns that match them."""
        names = list(modules)
        self._until = time.monotonic() + SECONDS
        found: dict[str, Any] = {}
        for setting in ("target_modules", "exclude_modules"):
            pattern = self.config.get(setting)
            if isinstance(pattern, str) and pattern != ALL_LINEAR:
                found[setting] = [name for name in names if self._matches(setting, pattern, name)]
        for setting in ("rank_pattern", "alpha_pattern"):
            mapping = self.config.get(setting) or {}
            if not all(map(_PLAIN.fullmatch, mapping)):
                found[setting] = self._by_module(setting, mapping, names)
        return found

    def ranks(self, modules: Iterable[str]) -> dict[str, int | None]:
        """The rank that each of these modules is to have; None where the configuration does not say."""
        self._until = time.monotonic() + SECONDS
        mapping, usual = self.config.get("rank_pattern") or {}, self.config.get("r")
        keys = [(rf"(?:.*\.)?(?:{key})", rank) for key, rank in mapping.items()]
        return {
            name: next((rank for key, rank in keys if self._matches("rank_pattern", key, name)), usual)
            for name in modules
        }

    def asks_for(self, module: str) -> bool:
        """Whether a list of targets names this module, or the end of its name; never for patterns and layers."""
        if any(self.config.get(name) for name in ("layers_to_transform", "exclude_modules", "modules_to_save")):
            return False
        targets = self.config.get("target_modules")
        return isinstance(targets, list) and any(f".{module}".endswith(f".{target}") for target in targets)

    def _by_module(self, setting: str, mapping: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
        """A figure for each module: that of the first key that matches the end of its name, as in PEFT."""
        keys = [(rf"(?:.*\.)?(?:{key})", figure) for key, figure in mapping.items()]
        figures: Iterator[tuple[str, Any]] = (
            (name, next((figure for key, figure in keys if self._matches(setting, key, name)), None)) for name in names
        )
        return {f"^{re.escape(name)}": figure for name, figure in figures if figure is not None}

    def _matches(self, setting: str, pattern: str, name: str) -> bool:
        left = self._until - time.monotonic()
        try:
            if left > 0:
                return regex.fullmatch(pattern, name, timeout=left) is not None
        except TimeoutError:
            pass
        except regex.error as error:
            raise UserError(f"{self.where} {setting}", f"it cannot be read: {error}", allowed=_MEANT) from None
        problem = f"matching it against the base's modules takes longer than {SECONDS:g} seconds"
        raise UserError(f"{self.where} {setting}", problem, allowed=_MEANT)


def _check_names(value: object, where: str, *, pattern: bool) -> None:
    """A name, a list of names or nothing; a single text may be a pattern where PEFT takes it for one."""
    if value is None:
        return
    if isinstance(value, str) and pattern:
        _check_pattern(value, where)
    else:
        names = [value] if isinstance(value, str) else value
        if not isinstance(names, list) or not all(isinstance(name, str) and _PLAIN.fullmatch(name) for name in names):
            raise UserError(where, f"{value!r} are no names of modules", allowed="names of letters, digits, . _ and -")


def _check_mapping(value: object, where: str) -> None:
    if value is None:
        return
    if not isinstance(value, dict):
        raise UserError(where, f"{value!r} is no object", allowed="modules with their figures")
    for key, figure in value.items():
        _check_pattern(key, where)
        if isinstance(figure, bool) or not isinstance(figure, int | float):
            raise UserError(f"{where} {key}", f"{figure!r} is no number", allowed="a number")


def _check_pattern(pattern: str, where: str) -> None:
    if not _PLAIN.fullmatch(pattern) and (fault := fault_of(pattern)):
        raise UserError(where, fault, allowed=_MEANT)
