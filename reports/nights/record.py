"""One night as a value and as a file, which is written once, whole or not at all, and never changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.files import check_free, write_text
from fixtures.reading.strict import read_json
from suite.outcome import Results
from suite.results import file as results_file

VERSION = 1
NIGHT = re.compile(r"\d{4}-\d{2}-\d{2}(-[0-9]{1,3})?")
"""A date (UTC), with a number behind it for a second night of one day."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one adapter on one night.

    With a `problem` it could not be gated, and nothing else is known. `anchors` has whether each anchor was kept, by
    its name; `facts` are what may have made a difference, by what they are called: hashes, versions, the machine.
    """

    name: str
    results: Results | None = None
    anchors: Mapping[str, bool] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    @property
    def standing(self) -> str:
        """`passed`, `closed`, or `gap`: a night that could not run is no green one."""
        return "gap" if self.results is None else "passed" if self.results.passed else "closed"


@dataclass(frozen=True, slots=True)
class Night:
    """All that a night found; `started` is ISO 8601, UTC."""

    night: str
    started: str
    seconds: float
    asked: tuple[Asked, ...]

    def of(self, name: str) -> Asked | None:
        """What came of the adapter of this name, if it was among those of this night."""
        return next((one for one in self.asked if one.name == name), None)


def place_of(folder: Path, night: str) -> Path:
    return folder / f"{night}.json"


def write_night(folder: Path, night: Night) -> Path:
    """Keep the night; UserError if there is one of this name already, or if the place cannot be written to."""
    import json

    place = place_of(folder, night.night)
    check_free(place, overwrite=False)
    write_text(place, json.dumps(night_to_json(night), indent=1, allow_nan=False) + "\n")
    return place


def read_night(place: Path) -> Night:
    """UserError for a file that is no night, or was changed by hand into one that cannot be."""
    document = read_json(place, own=True)
    try:
        if document["night_version"] != VERSION:
            hint = "read it with the callproof that wrote it"
            raise UserError(
                f"{place} /night_version", f"{document['night_version']!r} is not one this callproof reads", hint=hint
            )
        asked = tuple(asked_from_json(one) for one in document["adapters"])
        return Night(str(document["night"]), str(document["started"]), float(document["seconds"]), asked)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        hint = "move it away; the other nights are read without it"
        raise UserError(str(place), f"this is no night: {error!r}", hint=hint) from error


def nights_in(folder: Path) -> Sequence[Path]:
    """The files of all nights, the oldest first."""
    return sorted((path for path in folder.glob("*.json") if NIGHT.fullmatch(path.stem)), key=lambda p: key_of(p.stem))


def key_of(night: str) -> tuple[str, int]:
    """What nights are ordered by: the tenth night of a day comes after the ninth."""
    return night[:10], int(night[11:] or 0)


def night_to_json(night: Night) -> dict[str, Any]:
    return {
        "night_version": VERSION,
        "night": night.night,
        "started": night.started,
        "seconds": night.seconds,
        "adapters": [asked_to_json(one) for one in night.asked],
    }


def asked_to_json(one: Asked) -> dict[str, Any]:
    return {
        "name": one.name,
        "problem": one.problem,
        "facts": dict(one.facts),
        "anchors": dict(one.anchors),
        "results": None if one.results is None else results_file.to_json(one.results),
    }


def asked_from_json(document: Mapping[str, Any]) -> Asked:
    """KeyError, TypeError or ValueError for what `asked_to_json` did not make."""
    results = document["results"]
    return Asked(
        name=str(document["name"]),
        results=None if results is None else results_file.from_json(results),
        anchors={str(name): bool(kept) for name, kept in document["anchors"].items()},
        facts={str(name): str(value) for name, value in document["facts"].items()},
        problem=str(document["problem"]),
    )
