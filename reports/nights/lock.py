"""One night at a time in a folder: the operating system lets go of the lock of a killed process by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fixtures.errors import UserError

_FILE = ".lock"


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder; UserError that names who holds it, if somebody else does."""
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / _FILE).open("a+", encoding="utf-8")
    except OSError as error:
        raise UserError(
            str(folder), f"nothing can be kept there: {error.strerror}", hint="name another folder"
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            who = file.read(100).strip() or "another one"
            raise UserError(str(folder), f"a night is running there: {who}", hint="wait for it, or stop it") from error
        file.truncate(0)
        file.write(f"process {os.getpid()}\n")
        file.flush()
        yield
