"""What happened to a name: an append-only chain of signed events, whose newest is the alias itself.

A promotion writes its event into the alias, in one step, and then into the history; a kill in between leaves an alias
that is one event ahead, which whoever changes the shelf next writes down. An alias that is behind was put back by hand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.reading.strict import read_json
from train.promotion.envelope import EVENT, Opened, digest_of, seal, unseal
from train.promotion.keys import Trust
from train.promotion.shelf import RESULTS, Shelf

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

_LARGEST_EVENT_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Event:
    """One step in the life of a name. After it, `release` serves, whose record has the SHA-256 `record`."""

    name: str
    sequence: int
    """From 1."""
    previous: str
    """The SHA-256 of the event before; empty for the first."""
    kind: str
    """promote, rollback or revoke."""
    release: str
    record: str
    adapter_digest: str
    time: str
    because: str = ""
    revoked: Mapping[str, str] = field(default_factory=dict)
    """All adapters, by content hash, that may not serve any more, and why."""
    key: str = ""
    """The id of the key that signed it; not part of what is signed."""

    @property
    def document(self) -> dict[str, Any]:
        """What is signed."""
        return {name: value for name, value in asdict(self).items() if name != "key"}

    @property
    def digest(self) -> str:
        return digest_of(self.document)


def read_events(shelf: Shelf, trust: Trust) -> list[Event]:
    """All events of a name, the oldest first; UserError if one is missing, changed, or not signed by a key that counts,
    or if the alias is not the newest.

    Whoever reads holds no lock: where the alias moved meanwhile, it is read again.
    """
    seen = _version(shelf.alias)
    while True:
        try:
            return _read_events(shelf, trust)
        except UserError:
            seen, before = _version(shelf.alias), seen
            if seen == before:
                raise


def _version(alias: Path) -> tuple[int, int] | None:
    """What every move of the alias changes."""
    try:
        status = alias.lstat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _read_events(shelf: Shelf, trust: Trust) -> list[Event]:
    shelf.check_no_link()
    files = sorted(shelf.history.iterdir()) if shelf.history.is_dir() else []
    whole = [file for file in files if not file.name.startswith(".")]  # what a killed writer left begins with a dot
    events: list[Event] = []
    for number, file in enumerate(whole, 1):
        if file.name != f"{number:06}.json":
            raise UserError(str(file), f"event {number} is missing: the history has a gap")
        if file.is_symlink():
            raise UserError(str(file), "this is a link, and links lead out of the registry")
        event = _event(read_json(file, limit=_LARGEST_EVENT_BYTES), shelf, trust, str(file))
        _check_next(event, events, str(file))
        events.append(event)
    if not shelf.alias.exists():
        return events
    newest = _read_alias(shelf, trust)
    if events and newest.sequence == len(events) and newest == events[-1]:
        return events
    if newest.sequence <= len(events):
        problem = f"an older state was put back: this is event {newest.sequence}, and the history has {len(events)}"
        hint = f"delete it, and go back by python -m train rollback {shelf.name} --to DIGEST, which is recorded"
        raise UserError(str(shelf.alias), problem, hint=hint)
    _check_next(newest, events, str(shelf.alias))
    return [*events, newest]


def _read_alias(shelf: Shelf, trust: Trust) -> Event:
    where = str(shelf.alias)
    hint = "restore the file, or delete it to promote without a comparison"
    try:
        document = read_json(shelf.alias, limit=_LARGEST_EVENT_BYTES)
        sealed = document["event"]
    except UserError as error:
        raise UserError(where, f"this alias cannot be read: {error.problem}", hint=hint) from None
    except (KeyError, TypeError):
        raise UserError(where, "this alias cannot be read: it has no signed event", hint=hint) from None
    event = _event(sealed, shelf, trust, where)
    for name, value in _plain(event).items():
        if document.get(name) != value:
            problem = f"{name} is {document.get(name)!r}, and {value!r} is what was signed"
            raise UserError(where, problem, hint=hint)
    return event


def _event(sealed: Any, shelf: Shelf, trust: Trust, where: str) -> Event:
    opened = unseal(sealed, EVENT, trust, where)
    event = _event_from(opened, where)
    if event.name != shelf.name:
        raise UserError(where, f"this event is of the name {event.name!r}, not of {shelf.name!r}")
    shelf.release(event.release)
    return event


def _event_from(opened: Opened, where: str) -> Event:
    said = opened.document
    kinds = {f.name: {"int": int, "str": str}.get(str(f.type), dict) for f in fields(Event) if f.name != "key"}
    if set(said) != set(kinds) or any(type(said[name]) is not kind for name, kind in kinds.items()):
        raise UserError(where, "what is signed is no event of a promotion")
    return Event(**said, key=opened.key)


def _check_next(event: Event, before: Sequence[Event], where: str) -> None:
    previous = before[-1].digest if before else ""
    if (event.sequence, event.previous) != (len(before) + 1, previous):
        problem = f"it says it is event {event.sequence}, and does not follow on event {len(before)} of the history"
        raise UserError(where, problem)


def _plain(event: Event) -> dict[str, Any]:
    """What the alias says to readers that do not check signatures."""
    return {
        "name": event.name,
        "adapter_digest": event.adapter_digest,
        "adapter": event.release,
        "results": f"{event.release}/{RESULTS}",
        "promoted": event.time,
        "sequence": event.sequence,
    }


def append(shelf: Shelf, before: Sequence[Event], event: Event, signer: CryptoSigner | None) -> None:
    """Make this the newest event, in one step; the caller holds the shelf alone and has read what was `before`."""
    archive = _place(shelf, event)
    sealed = seal(event.document, EVENT, signer)
    if before and not _place(shelf, before[-1]).exists():  # killed between the two steps
        write_text(_place(shelf, before[-1]), _text(read_json(shelf.alias)["event"]))
    write_text(shelf.alias, _text({**_plain(event), "event": sealed}))
    write_text(archive, _text(sealed))


def _place(shelf: Shelf, event: Event) -> Path:
    return shelf.history / f"{event.sequence:06}.json"


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2) + "\n"
