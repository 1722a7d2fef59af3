"""Whether a promoted folder is the very one that was promoted, and may serve: checked before anything of it is loaded.

Who can write to the registry can put back *all* of an older state, history and alias together: nothing in the registry
tells. What tells is a number of events that you remember (`at_least`), and a record that expires.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.printing import one_line
from fixtures.reading.strict import read_json
from train.promotion import keys
from train.promotion.envelope import STATEMENT, unseal
from train.promotion.events import Event, read_events
from train.promotion.keys import Trust
from train.promotion.record import check
from train.promotion.shelf import RECORD, Shelf

_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
_AGAIN = "take the folder from where it was promoted, or roll back"


@dataclass(frozen=True, slots=True)
class Verified:
    """A folder that is what its record says: the record, the SHA-256 of its bytes, the key's id (empty: unsigned)."""

    folder: Path
    statement: Mapping[str, Any]
    record: str
    key: str

    @property
    def said(self) -> Mapping[str, Any]:
        """callproof's own part of the record."""
        own: Mapping[str, Any] = self.statement["predicate"]["callproof"]
        return own


def load_promoted(
    name: str,
    registry: Path | str = "registry",
    *,
    key: Path | str | None = None,
    unsigned: bool = False,
    at_least: int = 0,
) -> Path:
    """The folder of the adapter that serves under this name, once all of it was checked; plain PEFT loads it.

    `key` is the file of the one public key that counts; by default, this machine's own and those that it trusts do.
    `unsigned` takes a promotion without a signature, `at_least` refuses a name with fewer events. UserError for
    anything else than what was promoted, before anything is loaded.
    """
    trust = keys.trust(keys.folder(), key=Path(key) if key else None, unsigned=unsigned)
    return verify_name(Shelf(Path(registry), name), trust, datetime.now(UTC), at_least=at_least).folder


def verify_name(shelf: Shelf, trust: Trust, now: datetime, *, at_least: int = 0) -> Verified:
    """What serves under a name, checked; UserError says what is wrong."""
    events = read_events(shelf, trust)
    if not shelf.alias.exists():
        hint = f"python -m train promote RUN --name {shelf.name}"
        raise UserError(str(shelf.alias), "nothing was promoted under this name", hint=hint)
    if len(events) < at_least:
        problem = f"an older state was put back: there are {len(events)} events, and {at_least} are known"
        raise UserError(str(shelf.history), problem)
    newest = events[-1]
    check_not_revoked(newest, newest.adapter_digest, str(shelf.alias))
    found = verify_release(shelf, newest, trust)
    check_not_expired(found, now)
    return found


def verify_release(shelf: Shelf, event: Event, trust: Trust) -> Verified:
    """The folder that an event let serve, whole; expired or revoked ones, too."""
    found = verify_folder(shelf.release(event.release), trust, event.record)
    where = str(found.folder / RECORD)
    if found.said["name"] != shelf.name:
        raise UserError(where, f"it was promoted as {found.said['name']!r}, not as {shelf.name!r}")
    if found.said["adapter"]["digest"] != event.adapter_digest:
        raise UserError(where, "the record and the alias name different adapters", hint=_AGAIN)
    return found


def verify_folder(folder: Path, trust: Trust, expected: str = "") -> Verified:
    """A promoted folder, wherever it lies: signed by a key that counts, and not a file more or less than was signed.

    With `expected`, the SHA-256 of a record, it has that one.
    """
    there = _files_in(folder)
    record = folder / RECORD
    if RECORD not in there:
        raise UserError(str(folder), f"there is no record of a promotion in it ({RECORD})", hint=_AGAIN)
    opened = unseal(read_json(record), STATEMENT, trust, str(record))
    check(opened.document, str(record))
    if expected and opened.digest != expected:
        raise UserError(str(record), "this is the record of another promotion than the alias means", hint=_AGAIN)
    subjects = _subjects(opened.document["subject"], str(record))
    for name in sorted({*subjects, *there} - {RECORD}):
        if name not in there:
            raise UserError(str(folder / name), "this file is missing: the record names it", hint=_AGAIN)
        if name not in subjects:
            raise UserError(str(folder / name), "this file was not promoted: the record does not name it", hint=_AGAIN)
        if sha256(folder / name) != subjects[name]:
            raise UserError(str(folder / name), "this file was changed after it was promoted", hint=_AGAIN)
    found = Verified(folder, opened.document, opened.digest, opened.key)
    if opened.document["predicate"]["result"] == "FAILED":
        raise UserError(str(record), "the record says that the gate held this adapter", allowed="PASSED or WARNED")
    if found.said["signed"] != bool(opened.key):
        said = "signed" if found.said["signed"] else "unsigned"
        raise UserError(str(record), f"it says that it is {said}, and is not: its signature was put on or taken off")
    return found


def _files_in(folder: Path) -> set[str]:
    """The names of the files in a folder; UserError for a link, a folder, or anything else that is no plain file."""
    if folder.is_symlink():
        raise UserError(str(folder), "this is a link, and links lead out of the registry", hint=_AGAIN)
    if not folder.is_dir():
        raise UserError(str(folder), "there is no such folder", hint=_AGAIN)
    names = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                raise UserError(entry.path, "this is a link, and links lead out of the folder", hint=_AGAIN)
            if not entry.is_file(follow_symlinks=False):
                raise UserError(entry.path, "this is no plain file, and the record names only such", hint=_AGAIN)
            names.add(entry.name)
    return names


def _subjects(listed: Sequence[Mapping[str, Any]], where: str) -> dict[str, str]:
    subjects = {entry["name"]: entry["digest"]["sha256"] for entry in listed}
    for name in subjects:
        if not _FILE.fullmatch(name) or name == RECORD:
            raise UserError(where, f"it names {one_line(name)!r}, which is no file of this folder")
    if len(subjects) != len(listed):
        raise UserError(where, "it names a file twice")
    return subjects


def sha256(file: Path) -> str:
    """The SHA-256 of a plain file's content, in hex."""
    flags = (getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))  # as far as the system has them
    handle = os.open(file, sum(flags, os.O_RDONLY))
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise UserError(str(file), "this is no plain file", hint=_AGAIN)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_not_revoked(newest: Event, adapter_digest: str, where: str) -> None:
    """UserError for an adapter that was revoked."""
    if adapter_digest in newest.revoked:
        hint = f"python -m train rollback {newest.name} --because TEXT, or promote another"
        raise UserError(where, f"adapter {adapter_digest} was revoked: {newest.revoked[adapter_digest]}", hint=hint)


def check_not_expired(found: Verified, now: datetime) -> None:
    """UserError for a record whose time is over."""
    said = found.said["expires"]
    if said and now >= _time(said, found.folder):
        hint = "promote it again, which gates it again"
        raise UserError(str(found.folder / RECORD), f"the promotion expired on {said}", hint=hint)


def _time(text: str, folder: Path) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(str(folder / RECORD), f"expires={one_line(text)!r} is no time") from None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
