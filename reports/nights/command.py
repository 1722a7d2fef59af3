"""`python -m reports nightly`: gate tonight, tell what moved, write the page."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from fixtures.errors import UserError
from fixtures.files import check_free, write_text
from reports.nights import page
from reports.nights.attribution import attributed
from reports.nights.index import Line, history
from reports.nights.keeping import all_anchors
from reports.nights.lock import only_one
from reports.nights.moved import Move, watched, what_moved
from reports.nights.night import WORK, Say, Tools, new_name, run_night
from reports.nights.record import NIGHT
from reports.nights.report import Found, Report, as_json, junit, markdown, up_to
from reports.nights.settings import DEFAULT_FILE, Nightly, read_nightly
from suite.anchored import Anchor

PAGES = "pages"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, default=Path(DEFAULT_FILE), metavar="FILE", help="default: %(default)s")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--again", action="store_true", help="one night more of today")
    which.add_argument("--night", metavar="DATE", help="the name of the night (default: today's date, UTC)")
    which.add_argument("--report-only", action="store_true", help="gate nothing; tell the last night again")


def main(options: argparse.Namespace) -> int:
    """Run a night and report it; 1 if it is red by the settings' `fail_on`. UserError for bad input."""
    from reports.nights.real import real_tools

    settings = read_nightly(options.config)
    return nightly(settings, real_tools(), again=options.again, night=options.night, report_only=options.report_only)


def nightly(
    settings: Nightly, tools: Tools, *, again: bool = False, night: str | None = None, report_only: bool = False
) -> int:
    """The exit code of a night, after all it has to say is written, red or green."""
    if night and not NIGHT.fullmatch(night):
        raise UserError("--night", f"{night!r} is no night", allowed="a date such as 2026-12-01, or 2026-12-01-2")
    with only_one(settings.folder):
        if report_only:
            name = _last(settings)
        else:
            name = night or new_name(settings.folder, again)
            run_night(settings, name, tools, say)
        report = report_of(settings, name, tools, say)
    reasons = report.reasons(settings.fail_on)
    for place in write(settings, report, reasons):
        say(f"wrote {place}")
    text = markdown(report, reasons)
    say("\n" + text)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(summary, "a", encoding="utf-8") as file:
            file.write(text)
    return 1 if reasons else 0


def report_of(settings: Nightly, night: str, tools: Tools, told: Say = lambda text: None) -> Report:
    """What the nights up to this one say; what was seen to move tonight is attributed where it can be."""
    lines = up_to(history(settings.folder, told), night)
    found = [_found(settings, name, lines[name], tools) for name in sorted(lines)]
    return Report(night, tuple(found), settings.false_alarms)


def _found(settings: Nightly, name: str, lines: tuple[Line, ...], tools: Tools) -> Found:
    anchors = all_anchors(settings.folder, name)
    moves = what_moved(watched(lines, anchors), settings.false_alarms)
    return Found(
        name, lines, tuple(_with_cause(settings, name, move, lines, anchors, tools) for move in moves), anchors
    )


def _with_cause(
    settings: Nightly, name: str, move: Move, lines: tuple[Line, ...], anchors: Mapping[str, Anchor], tools: Tools
) -> Move:
    """The attribution of a move: found on the night it was seen, and kept with it."""
    place = settings.folder / "moves" / name / f"{move.seen} {move.series.replace('/', '_')[:100]}.json"
    if place.exists():
        return replace(move, attributed=str(json.loads(place.read_text(encoding="utf-8"))["attributed"]))
    entry = next((one for one in settings.entries if one.name == name), None)
    if entry is None or move.seen != lines[-1].night:
        return move
    cache = settings.folder / WORK / "attribution"
    try:
        told = attributed(move, {line.night: line for line in lines}, anchors, entry, settings.folder, cache, tools.ask)
    except UserError as error:
        told = replace(move, attributed=f"the earlier adapter could not be asked again: {error.problem}")
    shutil.rmtree(cache, ignore_errors=True)
    write_text(place, json.dumps({"series": move.series, "attributed": told.attributed}))
    return told


def _last(settings: Nightly) -> str:
    from reports.nights.record import nights_in

    there = nights_in(settings.folder)
    if not there:
        raise UserError(str(settings.folder), "there is no night in it", hint="leave out --report-only")
    return there[-1].stem


def write(settings: Nightly, report: Report, reasons: list[str]) -> list[Path]:
    """Page, JSON, JUnit and Markdown of a night, in the folder's `pages`; written anew when a night is told again."""
    home = settings.folder / PAGES
    texts = {
        ".html": page.render(report, reasons),
        ".json": json.dumps(as_json(report, reasons), indent=1) + "\n",
        ".xml": junit(report, settings.fail_on),
        ".md": markdown(report, reasons),
    }
    places = []
    for ending, text in texts.items():
        place = home / f"{report.night}{ending}"
        check_free(place, overwrite=True)
        write_text(place, text)
        places.append(place)
    return places


def say(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    sys.stdout.flush()
