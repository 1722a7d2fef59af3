"""Replies on disk, so that replays, shrinking and re-runs of an unchanged adapter cost no model call.

One SQLite file. Every batch is committed before it is used: a killed run loses nothing that was finished, and several
processes may share the file. A damaged file is moved aside, never trusted and never deleted; a damaged reply in a file
that SQLite takes for whole is seen by its checksum, and asked again.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import time
import warnings
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
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
# The number is the layout's: another layout takes another table, and old files stay readable to old versions. What an
# older table has is asked again: replies without a checksum may be anything.
TABLE = "replies_3"
_COLUMNS = {
    "key": "TEXT PRIMARY KEY", "text": "BLOB", "logprobs": "BLOB", "ends": "BLOB", "finish": "TEXT", "checksum": "BLOB",
}  # fmt: skip
_ASK_AT_ONCE = 500
_PATIENCE_SECONDS = 60.0
_OF_THE_DISK = (
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_PROTOCOL,
)  # fmt: skip
"""What the file is not to blame for. Every other code says that it is damaged: our statements are always the same."""


def reply_key(identity: Identity, *, max_new_tokens: int, prompt: str, take: int = 0) -> str:
    """What a reply depends on, as one hash: contents and settings, no names and no paths.

    Other takes than 0 are for replies to the same prompt that are kept apart from the first one.
    """
    parts = [identity.base_digest, identity.adapter_digest, identity.format_digest]
    parts += [DECODING, str(max_new_tokens), identity.dtype, prompt, *([f"take {take}"] if take else [])]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class ReplyStore:
    """Generations by key, in `folder/replies.sqlite`.

    One that cannot be used at all is a UserError, since nothing was spent so far. If the disk fails it later (full,
    taken away, read-only), it warns once and keeps new replies in memory: a verdict does not depend on them being kept.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "replies.sqlite"
        self._connection: sqlite3.Connection | None = None
        self._unkept: dict[str, Generation] = {}
        self._opened = self._told = self._failing = False

    def get_many(self, keys: Sequence[str]) -> dict[str, Generation]:
        """The stored ones among these; those whose checksum is not theirs are as if they had never been stored."""
        found: dict[str, Generation] = {}
        nothing: list[Any] = []
        broken = 0
        for start in range(0, len(keys), _ASK_AT_ONCE):
            for row in self._run(partial(_select, keys[start : start + _ASK_AT_ONCE]), nothing):
                if (known := _read(row)) is None:
                    broken += 1
                else:
                    found[known[0]] = known[1]
        if broken and not self._told:
            self._told = True
            warnings.warn(
                f"the reply cache {self.path} has replies that are not as they were stored (the disk or the memory of "
                "this machine may be failing); they are asked again",
                stacklevel=2,
            )
        return found | {key: self._unkept[key] for key in keys if key in self._unkept}

    def put_many(self, replies: Mapping[str, Generation]) -> None:
        """Store these, for good once this returns."""
        rows = [_row(key, generation) for key, generation in replies.items()]
        marks = ", ".join("?" * len(_COLUMNS))

        def insert(connection: sqlite3.Connection) -> bool:
            with connection:
                connection.executemany(f"INSERT OR REPLACE INTO {TABLE} VALUES ({marks})", rows)
            return True

        if self._failing or not self._run(insert, False):
            self._unkept |= replies

    def close(self) -> None:
        """Let go of the file; the next use opens it again."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _run(self, action: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """What the action gives, or `otherwise` where the disk fails a store that worked before."""
        try:
            done = self._tried(action)
            self._opened = True
            return done
        except (sqlite3.DatabaseError, OSError) as error:
            if isinstance(error, sqlite3.ProgrammingError):
                raise  # a mistake of ours
            if not self._opened:
                hint = "another folder for the cache, or room and rights for this one"
                raise UserError(f"reply cache {self.path}", str(error), hint=hint) from error
            if not self._failing:
                self._failing = True
                text = f"the reply cache {self.path} cannot be used any more ({error}); the gate goes on without it"
                warnings.warn(text, stacklevel=3)
            return otherwise

    def _tried(self, action: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return action(self._open())
        except (sqlite3.DatabaseError, UnicodeDecodeError, MemoryError) as error:
            # The low byte is the kind of error; the others say more about it. A broken file may well make SQLite ask
            # for all memory, or send an error message that is no text.
            if isinstance(error, sqlite3.ProgrammingError) or _code(error) & 0xFF in _OF_THE_DISK:
                raise
            self._move_aside(error)
        return action(self._open())

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OSError(f"cannot make the folder: {error}") from None
            connection = sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS)
            self._connection = connection
            # What is no UTF-8 any more is seen by its checksum; by itself SQLite would refuse the whole answer.
            connection.text_factory = bytes
            write_ahead(connection)
            # With a write-ahead log this survives a killed process; only a power cut may lose the last replies.
            connection.execute("PRAGMA synchronous=NORMAL")
            columns = ", ".join(f"{name} {kind} NOT NULL" for name, kind in _COLUMNS.items())
            connection.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} ({columns}) WITHOUT ROWID")
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


def _code(error: Exception) -> int:
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT))


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


def _row(key: str, g: Generation) -> tuple[bytes | str, ...]:
    """The columns of a reply; the last one is the checksum of all others."""
    parts = [key.encode(), g.text.encode("utf-8", "surrogatepass"), array("d", g.logprobs).tobytes()]
    parts += [array("q", g.ends).tobytes(), g.finish.encode()]
    return key, parts[1], parts[2], parts[3], g.finish, _checksum(parts)


def _checksum(parts: Sequence[bytes]) -> bytes:
    total = hashlib.blake2b(digest_size=16)
    for part in parts:
        total.update(len(part).to_bytes(8, "little") + part)
    return total.digest()


def _read(row: Sequence[object]) -> tuple[str, Generation] | None:
    """The key and the reply in these columns; None if they are not what `_row` made."""
    parts = [column for column in row if isinstance(column, bytes)]
    if len(parts) != len(_COLUMNS) or _checksum(parts[:-1]) != parts[-1]:
        return None
    key, text, logprobs, ends, finish, _ = parts
    values, places = array("d"), array("q")
    values.frombytes(logprobs)
    places.frombytes(ends)
    reason: FinishReason = "stop" if finish == b"stop" else "length"
    return key.decode(), Generation(text.decode("utf-8", "surrogatepass"), tuple(values), reason, tuple(places))
