"""Replies on disk, so that replays, shrinking and re-runs of an unchanged adapter cost no model call.

One SQLite file. Every batch is committed before it is used: a killed run loses nothing that was finished, and several
processes may share the file. A damaged file is moved aside, never trusted and never deleted.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import warnings
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from fixtures.errors import UserError
from suite.outcome import Identity
from suite.reply import FinishReason, Generation

T = TypeVar("T")

DECODING = "greedy 1"
"""Part of every key; raise the number when a change to the decoder may change replies."""
# The number is the layout's: another layout takes another table, and old files stay readable to old versions.
TABLE = "replies_2"
_COLUMNS = {"key": "TEXT PRIMARY KEY", "text": "BLOB", "logprobs": "BLOB", "ends": "BLOB", "finish": "TEXT"}
_ASK_AT_ONCE = 500
_PATIENCE_SECONDS = 60.0
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def reply_key(identity: Identity, *, max_new_tokens: int, dtype: str, prompt: str, take: int = 0) -> str:
    """What a reply depends on, as one hash: contents and settings, no names and no paths.

    Other takes than 0 are for replies to the same prompt that are kept apart from the first one.
    """
    parts = [identity.base_digest, identity.adapter_digest, identity.format_digest]
    parts += [DECODING, str(max_new_tokens), dtype, prompt, *([f"take {take}"] if take else [])]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class ReplyStore:
    """Generations by key, in `folder/replies.sqlite`."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "replies.sqlite"
        self._connection: sqlite3.Connection | None = None

    def get_many(self, keys: Sequence[str]) -> dict[str, Generation]:
        """The stored ones among these."""
        found: dict[str, Generation] = {}
        for start in range(0, len(keys), _ASK_AT_ONCE):
            part = keys[start : start + _ASK_AT_ONCE]
            found |= {key: _generation(*columns) for key, *columns in self._run(partial(_select, part))}
        return found

    def put_many(self, replies: Mapping[str, Generation]) -> None:
        """Store these, for good once this returns."""
        rows = [
            (
                key,
                g.text.encode("utf-8", "surrogatepass"),
                array("d", g.logprobs).tobytes(),
                array("q", g.ends).tobytes(),
                g.finish,
            )
            for key, g in replies.items()
        ]
        marks = ", ".join("?" * len(_COLUMNS))

        def insert(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany(f"INSERT OR REPLACE INTO {TABLE} VALUES ({marks})", rows)

        self._run(insert)

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _run(self, action: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return action(self._open())
        except sqlite3.DatabaseError as error:
            # The low byte is the kind of error; the others say more about it.
            if getattr(error, "sqlite_errorcode", 0) & 0xFF not in _DAMAGED:
                raise UserError(f"reply cache {self.path}", str(error), hint="another folder for the cache") from error
            self._move_aside(error)
        return action(self._open())

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError(f"reply cache {self.path}", f"cannot make the folder: {error}") from None
            self._connection = sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS)
            write_ahead(self._connection)
            # With a write-ahead log this survives a killed process; only a power cut may lose the last replies.
            self._connection.execute("PRAGMA synchronous=NORMAL")
            columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in _COLUMNS.items())
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} ({columns}) WITHOUT ROWID")
        return self._connection

    def _move_aside(self, error: Exception) -> None:
        self.close()
        target = next(p for n in count(1) if not (p := self.path.with_name(f"{self.path.name}.damaged-{n}")).exists())
        for ending in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + ending)
            if part.exists():
                part.replace(target.with_name(target.name + ending))
        warnings.warn(
            f"the reply cache {self.path} is damaged ({error}); it was moved to {target.name} and starts anew",
            stacklevel=2,
        )


def write_ahead(connection: sqlite3.Connection) -> None:
    """Have a write-ahead log. Of several processes that ask for it at once, all but one may be told without a wait that
    the file is locked: SQLite does not go by `timeout` there."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.01)


def _select(keys: Sequence[str], connection: sqlite3.Connection) -> list[Any]:
    marks = ", ".join("?" * len(keys))
    return connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM {TABLE} WHERE key IN ({marks})", keys).fetchall()


def _generation(text: bytes, logprobs: bytes, ends: bytes, finish: Any) -> Generation:
    values, places = array("d"), array("q")
    values.frombytes(logprobs)
    places.frombytes(ends)
    reason: FinishReason = "stop" if finish == "stop" else "length"
    return Generation(text.decode("utf-8", "surrogatepass"), tuple(values), reason, tuple(places))
