"""Which of the things that changed made the difference: the same cases are asked again with one of them as it was.

The adapter is the one thing that can be put back, since a copy of each is kept. Libraries and the machine cannot: where
the earlier adapter does as badly today as tonight's, it was one of those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reports.nights.index import Line
from reports.nights.keeping import kept_adapter
from reports.nights.moved import Move
from reports.nights.settings import Entry
from suite.anchored import Anchor
from suite.statistics.nights import Share

Ask = Callable[[Entry, Sequence[Anchor], Path], Mapping[str, bool]]


def attributed(
    move: Move,
    lines: Mapping[str, Line],
    anchors: Mapping[str, Anchor],
    entry: Entry,
    folder: Path,
    cache: Path,
    ask: Ask,
) -> Move:
    """The move with what became of putting the adapter back; unchanged where that was another cause or cannot be."""
    last, first = lines[move.last], lines[move.first]
    digest = last.facts.get("adapter", "")
    if digest == first.facts.get("adapter"):
        only = "the only thing that is known to have changed" if len(move.causes) == 1 else ""
        return replace(move, attributed=only)
    earlier = kept_adapter(folder, entry.name, digest)
    if earlier is None:
        return replace(move, attributed=f"no copy of the adapter of {move.last} is kept, so it was not asked again")
    names = lines[move.seen].anchors
    asked = [anchor for name, anchor in anchors.items() if name in names and move.series in anchor.series]
    kept = ask(replace(entry, adapter=str(earlier)), asked, cache)
    if not kept:
        return move
    return replace(move, attributed=_told(move, Share(sum(kept.values()), len(kept))))


def _told(move: Move, again: Share) -> str:
    back = abs(again.rate - move.before.rate) < abs(again.rate - move.after.rate)
    said = "the adapter made the difference" if back else "the adapter did not make the difference"
    return f"asked again, the adapter of {move.last} keeps {again.kept} of {again.asked} of these today: {said}"
