"""The tools of `--tools`, for rows that bring none of their own."""

from __future__ import annotations

from fixtures.catalogs import load_catalog
from fixtures.printing import one_line
from fixtures.rows.tools import Declarations
from train.screen import say


def declared_tools(name: str | None) -> Declarations | None:
    """The declarations of a catalog, a shipped one or a file, having said what in it was read as something else; None
    without a name. UserError for a catalog that cannot be read."""
    if not name:
        return None
    spoken = load_catalog(name)
    for note in spoken.read_as:
        say(one_line(f"{name}: {note}"))
    return spoken.catalog.declarations()
