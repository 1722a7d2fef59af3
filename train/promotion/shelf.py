"""A name's shelf in a registry: where things lie, and who may change them now.

REGISTRY/NAME/<release>/          a promoted folder, never changed; <release> is the hash of its record
REGISTRY/NAME/current.json        the alias: which release serves. It holds the newest event, and moves in one step
REGISTRY/NAME/history/NNNNNN.json all events, signed, each with the hash of the one before
REGISTRY/NAME/held/<adapter>/     challengers that were held, as run folders, with their results and a record
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.printing import one_line

ALIAS, HISTORY, HELD, RECORD, RESULTS, CARD = (
    "current.json", "history", "held", "promotion.json", "results.json", "README.md"
)  # fmt: skip
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.IGNORECASE)
RELEASE = re.compile(r"[0-9a-f]{16}")
WAIT_SECONDS = 3600.0
"""As long as the slowest gate of a small base takes on two cores, several times over."""
_LOCK, _HOLDER, _STAGING = ".lock", ".holder.json", ".staging-"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder of one name."""

    registry: Path
    name: str

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            allowed = "letters, digits, dot, dash, underscore"
            raise UserError("--name", f"{self.name!r} cannot name a folder", allowed=allowed)

    @property
    def path(self) -> Path:
        return self.registry / self.name

    @property
    def alias(self) -> Path:
        return self.path / ALIAS

    @property
    def history(self) -> Path:
        return self.path / HISTORY

    def release(self, name: str) -> Path:
        """The folder of a release; UserError for a name that could lead elsewhere."""
        if not RELEASE.fullmatch(name):
            raise UserError(str(self.alias), f"{one_line(name)!r} names no release on this shelf", allowed="its hash")
        return self.path / name

    def check_no_link(self) -> None:
        """UserError if the shelf, or what its alias and history lie in, is a link to somewhere else."""
        for path in (self.path, self.alias, self.history):
            if path.is_symlink():
                raise UserError(str(path), "this is a link, and links lead out of the registry")

    @contextmanager
    def held_alone(self, wait: float, tell: Callable[[str], None]) -> Iterator[None]:
        """Nobody else changes the shelf meanwhile. Waits `wait` seconds for who does, and says so by `tell`.

        The lock is the system's (flock): it goes with the process that holds it, however that ends.
        """
        from filelock import FileLock, Timeout

        if not (math.isfinite(wait) and wait >= 0):
            raise UserError("--wait", f"{wait} is out of range", allowed="0 and more seconds")
        self.check_no_link()
        self._make()
        lock = FileLock(self.path / _LOCK, preserve_lock_file=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            tell(f"{self.name} is being changed by {self._holder()}; waiting up to {wait:.0f} s for it")
            try:
                lock.acquire(timeout=wait)
            except Timeout:
                problem = f"it is being changed by {self._holder()}"
                raise UserError(str(self.path), problem, hint="wait for it, or a longer --wait") from None
        try:
            write_text(self.path / _HOLDER, json.dumps({"pid": os.getpid(), "host": socket.gethostname()}) + "\n")
            self._sweep()
            yield
        finally:
            (self.path / _HOLDER).unlink(missing_ok=True)
            lock.release()

    def _make(self) -> None:
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(str(self.path), f"cannot be made: {error.strerror}", hint="another --registry") from None

    def _holder(self) -> str:
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = json.loads((self.path / _HOLDER).read_text(encoding="utf-8"))
            return one_line(f"process {said['pid']} on {said['host']}")
        return "another process"

    def _sweep(self) -> None:
        """Remove what processes that were killed had begun to copy."""
        for left in self.path.glob(f"{_STAGING}*"):
            shutil.rmtree(left, ignore_errors=True)

    def staging(self) -> Path:
        """A new empty folder on the shelf's own disk, for what is not whole yet."""
        place = self.path / f"{_STAGING}{os.getpid()}"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        return place
