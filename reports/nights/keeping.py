"""What is kept beside the nights: the anchors as they were drawn, what was found, and the adapters that were gated."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.reading.strict import read_json
from suite.anchored import Anchor

ANCHORS, KNOWN, ADAPTERS = "anchors", "known", "adapters"
MOST_ADAPTERS = 10
"""Of each name; older ones go."""


def anchors_of(
    folder: Path, name: str, drawn_from: Mapping[str, object], draw: Callable[[], Sequence[Anchor]]
) -> list[Anchor]:
    """The anchors of an adapter: those that were drawn for the same catalogs, rows and settings, or new ones."""
    told = json.dumps(drawn_from, sort_keys=True, default=str)
    place = folder / ANCHORS / f"{name}-{hashlib.sha256(told.encode()).hexdigest()[:12]}.json"
    if not place.exists():
        anchors = list(draw())
        document = {"drawn_from": json.loads(told), "anchors": [anchor.as_json() for anchor in anchors]}
        write_text(place, json.dumps(document, indent=1) + "\n")
        return anchors
    return _read(place)


def all_anchors(folder: Path, name: str) -> dict[str, Anchor]:
    """Every anchor that this adapter was ever asked, by its name."""
    places = sorted((folder / ANCHORS).glob(f"{name}-" + "[0-9a-f]" * 12 + ".json"))
    return {anchor.name: anchor for place in places for anchor in _read(place)}


def _read(place: Path) -> list[Anchor]:
    try:
        return [Anchor.from_json(one) for one in read_json(place, own=True)["anchors"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "restore the file; without it, nights before and after cannot be compared"
        raise UserError(str(place), f"these are no anchors: {error!r}", hint=hint) from error


def lay_out(folder: Path, name: str, cache: Path) -> None:
    """Put the counterexamples that earlier nights found where tonight's gate asks them first."""
    if (folder / KNOWN / name).is_dir():
        shutil.copytree(folder / KNOWN / name, cache / "counterexamples", dirs_exist_ok=True)


def take_in(folder: Path, name: str, cache: Path) -> None:
    """Keep what tonight's gate has found."""
    if (cache / "counterexamples").is_dir():
        shutil.copytree(cache / "counterexamples", folder / KNOWN / name, dirs_exist_ok=True)


def keep_adapter(folder: Path, name: str, source: Path, digest: str) -> None:
    """Keep a copy of an adapter by its hash, whole or not at all, so that it can be asked again later."""
    home = folder / ADAPTERS / name
    place = home / digest
    if place.exists() or not source.is_dir():
        return
    partial = home / f".{digest}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    for file in source.iterdir():
        if file.is_file():
            shutil.copy2(file, partial / file.name)
    partial.replace(place)
    kept = sorted((one for one in home.iterdir() if not one.name.startswith(".")), key=lambda one: one.stat().st_mtime)
    for old in kept[:-MOST_ADAPTERS]:
        shutil.rmtree(old)


def kept_adapter(folder: Path, name: str, digest: str) -> Path | None:
    """The copy of the adapter whose hash begins so, if there is one."""
    home = folder / ADAPTERS / name
    found = [one for one in home.glob(f"{digest}*") if one.is_dir()] if digest and home.is_dir() else []
    return found[0] if len(found) == 1 else None
