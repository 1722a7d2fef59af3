"""Whose tools a row of examples means: those of a catalog under test, or tools that the rows bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fixtures.catalogs import SpokenCatalog, read_catalog
from fixtures.reading.arguments import first_fault
from fixtures.types import ToolCall


class RowCatalogs:
    """The given catalogs, and behind them those that rows make: rows that share a tool share a catalog.

    Two tools of one name that are not the same stand in different catalogs.
    """

    def __init__(self, given: Sequence[SpokenCatalog]) -> None:
        self._given = tuple(given)
        self._made: list[tuple[str, dict[str, Mapping[str, Any]]]] = []

    def home(self, file: str, call: ToolCall | None, tools: Sequence[Mapping[str, Any]], brought: bool) -> int:
        """The place of the catalog that a row is for, by its call and its tools; -1 if it has no tools.

        `brought` says that the row has tools of its own.
        """
        for number, spoken in enumerate(self._given):
            names = spoken.catalog.names
            if call and call.name in names and not first_fault(spoken.catalog[call.name].parameters, call.arguments):
                return number
            if call is None and tools and {tool["function"]["name"] for tool in tools} <= set(names):
                return number
        if not tools or not brought:
            return -1
        return len(self._given) + self._joined(file, {tool["function"]["name"]: tool for tool in tools})

    def schema(self, number: int, tool: str) -> Mapping[str, Any]:
        """The parameters of a tool of the catalog at this place."""
        if number < len(self._given):
            return self._given[number].catalog[tool].parameters
        function: Mapping[str, Any] = self._made[number - len(self._given)][1][tool]["function"]
        return function.get("parameters") or {}

    def catalogs(self) -> tuple[SpokenCatalog, ...]:
        """All of them; those that rows make have the name of their file."""
        taken = {spoken.catalog.name for spoken in self._given}
        found = list(self._given)
        for file, tools in self._made:
            name = stem = Path(file).stem
            number = 1
            while name in taken:
                number += 1
                name = f"{stem} {number}"
            taken.add(name)
            found.append(read_catalog({"name": name, "tools": list(tools.values())}, where=file, name=name))
        return tuple(found)

    def _joined(self, file: str, tools: Mapping[str, Mapping[str, Any]]) -> int:
        for number, (_, known) in enumerate(self._made):
            both = known.keys() & tools.keys()
            if both and all(known[name] == tools[name] for name in both):
                known.update(tools)
                return number
        self._made.append((file, dict(tools)))
        return len(self._made) - 1
