"""The format that an adapter was trained in, where it was found: its callproof.json holds all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fixtures.formats import Format
from fixtures.formats.found import read_record
from suite.engine.target.folders import MANIFEST, TEMPLATE

FOUND = "found"
"""The key of callproof.json under which such a format stands."""


def recorded_format(folder: Path, found: Any) -> Format:
    """The format of an adapter's folder; UserError if it was changed, or if the template beside it writes another."""
    served = folder / TEMPLATE
    text = served.read_text(encoding="utf-8", errors="replace") if served.is_file() else None
    return read_record(found, f"{folder / MANIFEST} {FOUND}", text)
