"""`python -m train key | verify | history | rollback | revoke`: what is done with promoted adapters afterwards."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from fixtures.errors import UserError
from fixtures.printing import one_line, printable
from train.promotion import keys
from train.promotion.events import Event, append, read_events
from train.promotion.keys import SHOWN, Trust
from train.promotion.promote import add_shelf, signer_of
from train.promotion.shelf import NAME, Shelf
from train.promotion.verify import (
    Verified,
    check_not_expired,
    check_not_revoked,
    verify_folder,
    verify_name,
    verify_release,
)
from train.screen import say


@dataclass(frozen=True, slots=True)
class Command:
    """One command, as `train.cli` takes it."""

    ABOUT: str
    add_options: Callable[[argparse.ArgumentParser], None]
    main: Callable[[argparse.Namespace], int]


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--key", type=Path, metavar="FILE", help="trust this public key, and no other")
    parser.add_argument("--unsigned", action="store_true", help="take what bears no signature, too")


def _trust(options: argparse.Namespace) -> Trust:
    return keys.trust(keys.folder(), key=options.key, unsigned=options.unsigned)


def _add_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--trust", type=Path, metavar="FILE", help="trust this public key of somebody else from now on")


def _key(options: argparse.Namespace) -> int:
    """Make the key that signs, or show which it is; or trust another one."""
    home = keys.folder()
    if options.trust:
        say(f"trusted from now on: {keys.add_trusted(home, options.trust).keyid}")
        return 0
    signer = signer_of(home, unsigned=False)
    assert signer is not None, "what is to be signed has a signer"
    keys.write_public(home, signer)
    say(
        f"key {signer.public_key.keyid}\n  private: {home / keys.PRIVATE}\n  public:  {home / keys.PUBLIC}, to hand out"
    )
    return 0


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("promoted", metavar="NAME|DIR", help="a name of the registry, or a promoted folder")
    parser.add_argument("--registry", type=Path, default=Path("registry"), help="where names live (default: registry)")
    parser.add_argument(
        "--at-least", type=int, default=0, metavar="N", help="refuse a name with fewer events, as after an old state"
    )
    _add_trust(parser)


def _verify(options: argparse.Namespace) -> int:
    """Check what was promoted; 0 if nothing is wrong with it, else an error that says what is."""
    found = verified(options.promoted, options.registry, _trust(options), datetime.now(UTC), options.at_least)
    say(told(found))
    return 0


def verified(promoted: str, registry: Path, trust: Trust, now: datetime, at_least: int = 0) -> Verified:
    """What was promoted under a name, or lies in a folder; UserError unless it may serve."""
    if NAME.fullmatch(promoted) and (registry / promoted).is_dir():
        return verify_name(Shelf(registry, promoted), trust, now, at_least=at_least)
    folder = Path(promoted)
    if not folder.is_dir():
        allowed = f"a name of {registry}, or a folder that was promoted"
        raise UserError(one_line(promoted), "there is no such name, and no such folder", allowed=allowed)
    found = verify_folder(folder, trust)
    check_not_expired(found, now)
    return found


def told(found: Verified) -> str:
    """What was checked, for the terminal."""
    said, predicate = found.said, found.statement["predicate"]
    signed = f"signed with the key {found.key[:SHOWN]}" if found.key else "not signed"
    lines = [
        f"{found.folder} is what was promoted as {said['name']} on {predicate['timestamp']}: {signed}, "
        f"{len(found.statement['subject'])} files",
        f"  {predicate['result']}: {len(predicate['passedTests'])} contracts passed, base {said['base']['name']}, "
        f"format {said['format']['name']}",
    ]
    lines += [f"  weaker than the promotion before: {one}" for one in said["weakened"]]
    lines += [f"  because: {said['because']}"] if said["because"] else []
    lines += [f"  until {said['expires']}"] if said["expires"] else []
    return "\n".join(map(one_line, lines))


def _add_name(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a name of the registry")


def _add_history(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    parser.add_argument("--registry", type=Path, default=Path("registry"), help="where names live (default: registry)")
    _add_trust(parser)


def _history(options: argparse.Namespace) -> int:
    """What happened to a name, the newest first."""
    events = _events(Shelf(options.registry, options.name), _trust(options))
    for event in reversed(events):
        say(one_line(told_event(event, events[-1])))
    return 0


def told_event(event: Event, newest: Event) -> str:
    """One line of the history."""
    serves = ", serves" if event is newest and event.adapter_digest not in newest.revoked else ""
    revoked = ", revoked" if event.adapter_digest in newest.revoked else ""
    signed = f"key {event.key[:SHOWN]}" if event.key else "unsigned"
    because = f": {event.because}" if event.because else ""
    what = f"{event.release} (adapter {event.adapter_digest}{serves}{revoked})"
    return f"{event.sequence:>4}  {event.time}  {event.kind:<8}  {what}  {signed}{because}"


def _events(shelf: Shelf, trust: Trust) -> list[Event]:
    events = read_events(shelf, trust) if shelf.path.is_dir() else []
    if not events:
        raise UserError(str(shelf.path), "nothing was promoted under this name", hint="python -m train promote")
    return events


def _add_change(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--because", required=True, metavar="TEXT", help="why; the history keeps it")
    add_shelf(parser)
    _add_trust(parser)


def _add_rollback(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    parser.add_argument("--to", default="", metavar="DIGEST", help="a release or its adapter (default: the one before)")
    _add_change(parser)


def _rollback(options: argparse.Namespace) -> int:
    """Let a former release serve again, once all of it was checked."""
    shelf, now = Shelf(options.registry, options.name), datetime.now(UTC)
    signer, trust = signer_of(keys.folder(), unsigned=options.unsigned), _trust(options)
    _events(shelf, trust)
    with shelf.held_alone(options.wait, say):
        events = _events(shelf, trust)
        target = rollback_target(events, options.to)
        check_not_revoked(events[-1], target.adapter_digest, str(shelf.path / target.release))
        found = verify_release(shelf, target, trust)
        check_not_expired(found, now)
        append(shelf, events, _next(events, target, "rollback", options.because, now), signer)
    say(f"{shelf.name} is {found.folder} again, and was {shelf.path / events[-1].release}")
    return 0


def rollback_target(events: Sequence[Event], to: str) -> Event:
    """The event whose release is to serve again: that of `to`, or the one before, that was not revoked."""
    newest = events[-1]
    if to:
        return _named(events, to)
    # Before the first event of the release that serves: who rolls back twice goes back two releases.
    first = next(number for number, event in enumerate(events) if event.release == newest.release)
    for event in reversed(events[:first]):
        if event.adapter_digest not in newest.revoked:
            return event
    hint = f"promote another: python -m train promote RUN --name {newest.name}"
    raise UserError(newest.name, "there is no former release to go back to", hint=hint)


def _named(events: Sequence[Event], digest: str) -> Event:
    """The newest event of a release, or of an adapter, by its hash."""
    found = [event for event in events if digest in (event.release, event.adapter_digest)]
    if not found:
        known = ", ".join(sorted({event.release for event in events}))
        raise UserError(one_line(digest), f"{events[-1].name} never had this release", allowed=known)
    return found[-1]


def _next(events: Sequence[Event], target: Event, kind: str, because: str, now: datetime) -> Event:
    """The event after these, with what is in `target`; UserError for one without a reason."""
    newest = events[-1]
    if not because.strip():
        raise UserError("--because", "it is empty", hint="say why: the history keeps it")
    return replace(
        target, sequence=len(events) + 1, previous=newest.digest, kind=kind, time=now.isoformat(timespec="seconds"),
        because=printable(because), revoked=newest.revoked,
    )  # fmt: skip


def _add_revoke(parser: argparse.ArgumentParser) -> None:
    _add_name(parser)
    parser.add_argument("digest", metavar="DIGEST", help="a release of the name, or its adapter")
    _add_change(parser)


def _revoke(options: argparse.Namespace) -> int:
    """Let an adapter never serve again under this name, in whatever release."""
    shelf, now = Shelf(options.registry, options.name), datetime.now(UTC)
    signer, trust = signer_of(keys.folder(), unsigned=options.unsigned), _trust(options)
    _events(shelf, trust)
    with shelf.held_alone(options.wait, say):
        events = _events(shelf, trust)
        adapter = _named(events, options.digest).adapter_digest
        event = _next(events, events[-1], "revoke", options.because, now)
        event = replace(event, revoked={**events[-1].revoked, adapter: printable(options.because)})
        append(shelf, events, event, signer)
    say(f"adapter {adapter} may not serve as {shelf.name} any more")
    if adapter == event.adapter_digest:
        say(f"it is the one that serves; nothing loads until: {_way_out([*events, event])}")
    return 0


def _way_out(events: Sequence[Event]) -> str:
    """The command that has something serve again."""
    name = events[-1].name
    try:
        rollback_target(events, "")
    except UserError:
        return f"python -m train promote RUN --name {name} (there is no former release to go back to)"
    return f"python -m train rollback {name} --because TEXT"


KEY = Command("make the key that signs promotions, or trust another one", _add_key, _key)
VERIFY = Command("check a promoted adapter: signature, every file, expiry, revocation", _add_verify, _verify)
HISTORY = Command("what happened to a name of the registry", _add_history, _history)
ROLLBACK = Command("let a former release serve again", _add_rollback, _rollback)
REVOKE = Command("let an adapter never serve again", _add_revoke, _revoke)
