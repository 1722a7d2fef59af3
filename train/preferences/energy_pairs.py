"""`python -m train energy --rows N --out FILE`: write preference pairs about energy, for `reward` and `dpo`.

They have the form of `python -m train pairs`, so files of both may be put behind each other; and since a pair is a row
whose answer is the chosen one, `sft` and `grpo` take the file too.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from fixtures.answers import answer
from fixtures.catalogs import SpokenCatalog, load_catalog
from fixtures.datasets.options import add_drawing
from fixtures.datasets.rows import write_rows
from fixtures.files import check_free
from fixtures.printing import one_line
from fixtures.rows.reading import Row
from train.preferences.energy import Preference, preferences
from train.preferences.pairs import Pair
from train.screen import say

ABOUT = "write preference pairs about energy: the cheapest tool that serves against dearer ones, and against unfit ones"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=400, help="how many pairs (default: %(default)s)")
    parser.add_argument(
        "--tools", action="append", metavar="CATALOG",
        help="a catalog with `cost` and `shared`, a file or a shipped name; may be given again (default: the hotel's)",
    )  # fmt: skip
    add_drawing(parser)


def main(options: argparse.Namespace) -> int:
    """Build, write and say what was built; raises UserError for bad input."""
    check_free(options.out, options.overwrite)
    catalogs = [_told(load_catalog(name)) for name in options.tools] if options.tools else None
    pairs = pairs_of(preferences(options.rows, options.seed, options.split, catalogs))
    write_rows(options.out, (pair.as_json() for pair in pairs))
    counts = Counter(pair.kind for pair in pairs)
    say("\n".join(f"{kind:<24}{count:>6}" for kind, count in counts.most_common()))
    say(f"{len(pairs)} pairs in {options.out}")
    return 0


def _told(catalog: SpokenCatalog) -> SpokenCatalog:
    """The catalog, having said what in it was read as something else, and which of its tools no pair is about."""
    for note in (*catalog.read_as, *(f"in no pair: {fault}" for fault in catalog.unaskable)):
        say(one_line(f"{catalog.source}: {note}"))
    return catalog


def pairs_of(preferences: Sequence[Preference]) -> list[Pair]:
    """The preferences as rows with a rejected answer; both answers of a pair are equally sure of themselves."""
    pairs = []
    for line, preference in enumerate(preferences, 1):
        case = preference.case
        sure = "ambiguous" if case.kind == "energy" else "clear"
        chosen = dict(answer([preference.chosen], sure))
        refused = {**answer([], "nothing"), "confidence": chosen["confidence"]}
        rejected = dict(answer([preference.rejected], sure)) if preference.rejected else refused
        messages = (*map(dict, case.messages), chosen)
        row = Row(line, messages, tuple(case.catalog.declarations()), case.kind)
        pairs.append(Pair(row, rejected, preference.against))
    return pairs
