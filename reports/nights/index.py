"""All nights of a folder at a glance: an SQLite file, made from the nights' own files, and made anew when it is lost.

Whoever wants to ask questions of their own may open it (`index.sqlite`, tables `night`, `asked`, `figure`, `anchor`);
nothing in it is not in the files.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from fixtures.errors import UserError
from reports.nights.record import Asked, Night, key_of, nights_in, read_night

FILE = "index.sqlite"
_LAYOUT = 1
_TABLES = (
    "CREATE TABLE night (night TEXT PRIMARY KEY, stamp TEXT NOT NULL, started TEXT NOT NULL, seconds REAL NOT NULL)",
    "CREATE TABLE asked (night TEXT, adapter TEXT, standing TEXT, problem TEXT, facts TEXT, found TEXT,"
    " PRIMARY KEY (night, adapter)) WITHOUT ROWID",
    "CREATE TABLE figure (night TEXT, adapter TEXT, contract TEXT, verdict TEXT, gating INTEGER, held INTEGER,"
    " trials INTEGER, PRIMARY KEY (night, adapter, contract)) WITHOUT ROWID",
    "CREATE TABLE anchor (night TEXT, adapter TEXT, anchor TEXT, kept INTEGER, PRIMARY KEY (night, adapter, anchor))"
    " WITHOUT ROWID",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a night's fresh cases said of one contract."""

    contract: str
    verdict: str
    gating: bool
    held: int
    trials: int


@dataclass(frozen=True, slots=True)
class Line:
    """One adapter on one night; `found` names its counterexamples by contract and request."""

    night: str
    standing: str
    problem: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    anchors: Mapping[str, bool] = field(default_factory=dict)
    found: tuple[str, ...] = ()


History = Mapping[str, tuple[Line, ...]]
"""Of each adapter its nights, the oldest first."""


def history(folder: Path, told: Callable[[str], None] = lambda text: None) -> History:
    """All nights; a file that cannot be read is told and left out, and an index that is damaged is made anew."""
    try:
        return _history(folder, told)
    except sqlite3.DatabaseError:
        (folder / FILE).unlink(missing_ok=True)
        return _history(folder, told)


def _history(folder: Path, told: Callable[[str], None]) -> History:
    with closing(_open(folder)) as index:
        _bring_up(index, folder, told)
        names = [name for (name,) in index.execute("SELECT DISTINCT adapter FROM asked ORDER BY adapter")]
        return {name: tuple(sorted(_lines(index, name), key=lambda line: key_of(line.night))) for name in names}


def _open(folder: Path) -> sqlite3.Connection:
    index = sqlite3.connect(folder / FILE, timeout=60)
    if index.execute("PRAGMA user_version").fetchone()[0] != _LAYOUT:
        with index:
            for name in ("night", "asked", "figure", "anchor"):
                index.execute(f"DROP TABLE IF EXISTS {name}")
            for table in _TABLES:
                index.execute(table)
            index.execute(f"PRAGMA user_version = {_LAYOUT}")
    return index


def _bring_up(index: sqlite3.Connection, folder: Path, told: Callable[[str], None]) -> None:
    """Take in the nights that are new, and drop what is gone or was changed."""
    known = dict(index.execute("SELECT night, stamp FROM night"))
    there = {place.stem: (place, _stamp(place)) for place in nights_in(folder)}
    for night in [night for night, stamp in known.items() if night not in there or there[night][1] != stamp]:
        with index:
            for table in ("night", "asked", "figure", "anchor"):
                index.execute(f"DELETE FROM {table} WHERE night = ?", (night,))
        del known[night]
    for night, (place, stamp) in there.items():
        if night in known:
            continue
        try:
            read = read_night(place)
        except UserError as error:
            told(str(error))
            continue
        with index:
            _take_in(index, read, stamp)


def _stamp(place: Path) -> str:
    status = place.stat()
    return f"{status.st_size} {status.st_mtime_ns}"


def _take_in(index: sqlite3.Connection, night: Night, stamp: str) -> None:
    index.execute("INSERT INTO night VALUES (?, ?, ?, ?)", (night.night, stamp, night.started, night.seconds))
    for one in night.asked:
        key = (night.night, one.name)
        row = (*key, one.standing, one.problem, json.dumps(dict(one.facts)), json.dumps(found_in(one)))
        index.execute("INSERT INTO asked VALUES (?, ?, ?, ?, ?, ?)", row)
        contracts = one.results.contracts if one.results else ()
        index.executemany(
            "INSERT INTO figure VALUES (?, ?, ?, ?, ?, ?, ?)",
            [(*key, c.name, c.verdict.name, c.bar.gating, c.tally.held, c.tally.trials) for c in contracts],
        )
        index.executemany(
            "INSERT INTO anchor VALUES (?, ?, ?, ?)", [(*key, a, kept) for a, kept in one.anchors.items()]
        )


def found_in(one: Asked) -> list[str]:
    """The counterexamples of a night, by contract and request."""
    contracts = one.results.contracts if one.results else ()
    return [f"{c.name}: {example.case.request}" for c in contracts for example in c.counterexamples]


def _lines(index: sqlite3.Connection, adapter: str) -> list[Line]:
    figures: dict[str, list[Figure]] = {}
    sql = "SELECT night, contract, verdict, gating, held, trials FROM figure WHERE adapter = ?"
    for night, contract, verdict, gating, held, trials in index.execute(sql, (adapter,)):
        figures.setdefault(night, []).append(Figure(contract, verdict, bool(gating), held, trials))
    anchors: dict[str, dict[str, bool]] = {}
    for night, name, kept in index.execute("SELECT night, anchor, kept FROM anchor WHERE adapter = ?", (adapter,)):
        anchors.setdefault(night, {})[name] = bool(kept)
    rows = index.execute("SELECT night, standing, problem, facts, found FROM asked WHERE adapter = ?", (adapter,))
    return [
        Line(night, standing, problem, json.loads(facts), tuple(figures.get(night, ())), anchors.get(night, {}),
             tuple(json.loads(found)))
        for night, standing, problem, facts, found in rows
    ]  # fmt: skip
