"""The tools of a scene as people hear of them: by whose words each is asked for, and which never is."""

from __future__ import annotations

from collections.abc import Iterator

from fixtures.catalogs import SpokenCatalog, Unaskable
from suite.exam.scene import Scene
from suite.figures import ToolReport


def tools_of(scene: Scene) -> tuple[ToolReport, ...]:
    """Every declared tool of the given catalogs, in their order, and those that the format cannot declare behind."""
    return tuple(tool for catalog in scene.catalogs for tool in _of(catalog))


def never_asked(catalog: SpokenCatalog) -> tuple[Unaskable, ...]:
    """The tools that nobody asks for, one reason each, in the order in which they were found."""
    return tuple({fault.tool: fault for fault in reversed(catalog.unaskable)}.values())[::-1]


def _of(catalog: SpokenCatalog) -> Iterator[ToolReport]:
    name = catalog.catalog.name
    spoken = {one.tool.name: one for one in catalog.spoken}
    why = {fault.tool: fault for fault in never_asked(catalog)}
    for tool in dict.fromkeys((*catalog.catalog.names, *why)):
        if tool in spoken:
            sentences = spoken[tool].sentences
            slotted = sum(bool(one.slots) for one in sentences)
            yield ToolReport(name, tool, spoken[tool].language, len(sentences), slotted)
        elif tool in why:
            yield ToolReport(name, tool, never=f"{why[tool].place} {why[tool].reason}".strip(), hint=why[tool].hint)
