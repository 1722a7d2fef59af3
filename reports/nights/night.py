"""One night: every adapter of the settings is gated with fresh seeds, and asked its anchors.

A killed night goes on where it was when it is started again under the same name: what was answered is in its cache, and
adapters that were done are not asked again.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fixtures.catalogs import load_catalog
from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.reading.strict import read_json
from reports.nights.facts import facts_of
from reports.nights.keeping import anchors_of, keep_adapter, lay_out, take_in
from reports.nights.record import Asked, Night, asked_from_json, asked_to_json, place_of, read_night, write_night
from reports.nights.settings import Entry, Nightly
from suite.anchored import Anchor
from suite.lanes.asking import stable_seed
from suite.outcome import Results

WORK = ".work"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Tools:
    """What a night needs of the gate; tests and simulations put scripted ones in their place."""

    gate: Callable[[Entry, int, Path], Results]
    """Gates an adapter with this seed, keeping replies in this folder."""
    draw: Callable[[Entry, int, int], Sequence[Anchor]]
    """Draws anchors: so many for each contract, with this seed."""
    ask: Callable[[Entry, Sequence[Anchor], Path], Mapping[str, bool]]
    """Asks them; which were kept, by name."""
    folder: Callable[[Entry], Path | None]
    """Where the adapter's own files lie; None for what has none."""


def new_name(folder: Path, again: bool) -> str:
    """The name of tonight: today's date (UTC); `again` for one night more of a day that has one."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    if not again or not place_of(folder, today).exists():
        return today
    return next(name for n in range(2, 1000) if not place_of(folder, name := f"{today}-{n}").exists())


def run_night(settings: Nightly, name: str, tools: Tools, say: Say = lambda text: None) -> Night:
    """Gate all adapters and keep the night; one that is there already is read, and nothing is asked."""
    if place_of(settings.folder, name).exists():
        say(f"the night {name} is there already")
        return read_night(place_of(settings.folder, name))
    begun, started = time.monotonic(), datetime.now(UTC)
    work = settings.folder / WORK / name
    asked = tuple(_done(settings, entry, name, work, tools, say) for entry in settings.entries)
    night = Night(name, started.isoformat(timespec="seconds"), round(time.monotonic() - begun, 1), asked)
    write_night(settings.folder, night)
    shutil.rmtree(settings.folder / WORK, ignore_errors=True)
    return night


def _done(settings: Nightly, entry: Entry, night: str, work: Path, tools: Tools, say: Say) -> Asked:
    """What came of one adapter; read, if this night was killed after it."""
    part = work / f"{entry.name}.json"
    if part.exists():
        say(f"{entry.name}: done before this night was stopped")
        return asked_from_json(read_json(part, own=True))
    say(f"{entry.name}: {entry.adapter}")
    try:
        asked = _ask(settings, entry, stable_seed("night", night), work / entry.name, tools)
    except UserError as error:
        asked = Asked(entry.name, problem=str(error))
    write_text(part, json.dumps(asked_to_json(asked)))
    say(f"{entry.name}: {asked.standing}")
    return asked


def _ask(settings: Nightly, entry: Entry, seed: int, cache: Path, tools: Tools) -> Asked:
    lay_out(settings.folder, entry.name, cache)
    results = tools.gate(entry, seed, cache)
    take_in(settings.folder, entry.name, cache)
    count, anchor_seed = settings.anchors, settings.anchor_seed
    drawn_from = {
        "catalogs": {name: load_catalog(name).digest for name in entry.catalog} or dict(results.catalogs),
        "own rows": {Path(file).name: digest for file, digest in (results.own.files if results.own else {}).items()},
        "made up": entry.made_up, "anchors": count, "seed": anchor_seed, "format": results.identity.format,
    }  # fmt: skip
    anchors = anchors_of(settings.folder, entry.name, drawn_from, lambda: tools.draw(entry, count, anchor_seed))
    kept = dict(tools.ask(entry, anchors, cache))
    if source := tools.folder(entry):
        keep_adapter(settings.folder, entry.name, source, results.identity.adapter_digest)
    return Asked(entry.name, results, kept, facts_of(results, entry.adapter))
