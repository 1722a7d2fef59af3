"""The gate itself, as a night needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from reports.nights.night import Tools
from reports.nights.settings import Entry
from suite.anchored import Anchor, ask_anchors, draw_anchors
from suite.engine import Target, identify
from suite.exam.scene import DEFAULT_CATALOGS, Scene
from suite.gating import gate, open_engine, own_cases_of
from suite.outcome import Results


def real_tools() -> Tools:
    """Real models, each in a cache of its own night: what libraries and machine make of a prompt is asked anew."""
    return Tools(_gate, _draw, _ask, _folder)


def _gate(entry: Entry, seed: int, cache: Path) -> Results:
    return gate(
        entry.adapter,
        base=entry.base,
        format=entry.format,
        catalogs=entry.catalog,
        cases=entry.cases,
        made_up=entry.made_up,
        seed=seed,
        budget=entry.budget,
        cache=cache,
        leave_out_unaskable=entry.leave_out_unaskable,
    )


def _target(entry: Entry) -> Target:
    place = None if entry.adapter == "none" else Path(entry.adapter)
    return identify(place, entry.base, entry.format)


def _draw(entry: Entry, count: int, seed: int) -> Sequence[Anchor]:
    form = _target(entry).format
    names = entry.catalog or DEFAULT_CATALOGS
    scene = Scene.on(names, entry.made_up, form=form, leave_out_unaskable=entry.leave_out_unaskable)
    return draw_anchors(scene, own_cases_of(entry.cases, entry.catalog, form), seed, count)


def _ask(entry: Entry, anchors: Sequence[Anchor], cache: Path) -> Mapping[str, bool]:
    return ask_anchors(open_engine(_target(entry), cache), anchors)


def _folder(entry: Entry) -> Path | None:
    return _target(entry).adapter
