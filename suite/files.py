"""Writing a file so that readers see the old one or the whole new one, never a part."""

from __future__ import annotations

import os
from pathlib import Path

from fixtures.errors import UserError


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, making missing folders; UserError if the place cannot be written to."""
    if path.is_dir():
        raise UserError(str(path), "this is a folder", allowed="the name of a file")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_text(text, encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(str(path), f"cannot be written: {error.strerror}", hint="name another file") from error
