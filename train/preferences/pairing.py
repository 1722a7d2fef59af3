"""`python -m train pairs DATA|--rows N --out FILE`: write preference pairs for `dpo` and `reward`.

The hard negatives are built from the rows' own catalogs, without a model; `--adapter RUN` adds what that adapter says
wrongly on the same rows, greedily and sampled.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from fixtures.datasets.hotel import build
from fixtures.datasets.options import add_out
from fixtures.datasets.rows import write_rows
from fixtures.errors import UserError
from fixtures.files import check_free
from fixtures.formats import FORMATS, Format
from fixtures.rows.reading import Row
from suite.engine.target.identify import Target
from suite.lanes.asking import stable_seed
from train.format_options import add_format, spoken
from train.preferences.pairs import Built, Pair, build_pairs, own_failures, shared_catalogs
from train.preferences.sampling import NO_CHOICE, sample
from train.rows.catalog import declared_tools
from train.rows.data import accept, read_rows
from train.screen import say

ABOUT = "write preference pairs: right answers beside hard negatives, and beside an adapter's own failures"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, nargs="?", help="the rows, as for training")
    parser.add_argument("--rows", type=int, help="instead of a file: so many rows of the hotel dataset, by the seed")
    add_out(parser)
    parser.add_argument("--tools", help="tools for rows without their own: a file or a shipped catalog's name")
    parser.add_argument("--base", metavar="NAME", help="name or folder of the base model (default: the adapter's)")
    add_format(parser, f"the adapter's, or {FORMATS[0]}")
    parser.add_argument("--skip-bad-rows", action="store_true", help="leave out rows that cannot be trained on")
    parser.add_argument("--per-row", type=int, default=2, help="hard negatives a row (default: %(default)s)")
    parser.add_argument("--adapter", type=Path, metavar="RUN", help="add this adapter's own failures on the rows")
    parser.add_argument("--samples", type=int, default=2, help="its sampled replies a row (default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=1.0, help="of the samples (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="decides all that is drawn (default: %(default)s)")


def main(options: argparse.Namespace) -> int:
    """Build, write and say what was built; raises UserError for bad input."""
    _check(options)
    check_free(options.out, options.overwrite)
    target = spoken(options)
    form = target.format
    rows = _rows(options, form)
    built = build_pairs(rows, form, shared_catalogs(options.tools), seed=options.seed, per_row=options.per_row)
    pairs = [*built.pairs, *(_failures(rows, target, options) if target.adapter else ())]
    if not pairs:
        raise UserError(str(options.data or "--rows"), f"no row gives a pair\n{told(built, pairs)}".rstrip())
    write_rows(options.out, (pair.as_json() for pair in pairs))
    say(f"{told(built, pairs)}\n{len(pairs)} pairs in {options.out}")
    return 0


def told(built: Built, pairs: list[Pair]) -> str:
    """How many pairs there are of each kind, and which rows gave none."""
    lines = [f"{kind:<24}{count:>6}" for kind, count in Counter(pair.kind for pair in pairs).most_common()]
    lines += [f"{count} rows left out: their own answer breaks {name}" for name, count in sorted(built.unfit.items())]
    return "\n".join(lines)


def _check(options: argparse.Namespace) -> None:
    if (options.data is None) == (options.rows is None):
        raise UserError("pairs", "the rows come from a file or from --rows, from one of the two")
    for name, low in (("per_row", 1), ("samples", 0)):
        if getattr(options, name) < low:
            option = "--" + name.replace("_", "-")
            raise UserError(option, f"{getattr(options, name)} is out of range", allowed=f"from {low} on")
    if not NO_CHOICE < options.temperature <= 10:
        raise UserError("--temperature", f"{options.temperature} is out of range", allowed="above 0, up to 10")


def _rows(options: argparse.Namespace, form: Format) -> tuple[Row, ...]:
    if options.rows is not None:
        made = build(options.rows, options.seed, "train")
        return tuple(
            Row(line, tuple(row["messages"]), tuple(row["tools"]), row["kind"]) for line, row in enumerate(made, 1)
        )
    catalog = declared_tools(options.tools)
    return accept(options.data, read_rows(options.data, form, catalog), skip=options.skip_bad_rows, say=say)


def _failures(rows: tuple[Row, ...], target: Target, options: argparse.Namespace) -> tuple[Pair, ...]:
    """Pairs that reject what the adapter says wrongly: its one greedy reply, and the samples."""
    prompts = [target.format.render(row.messages[:-1], row.tools, prompt=True).text for row in rows]
    tools = [row.tools for row in rows]
    replies = sample(target, prompts, k=1, temperature=NO_CHOICE, seed=0, tools=tools)
    if options.samples:
        seed = stable_seed("pairs", options.seed)
        drawn = sample(target, prompts, k=options.samples, temperature=options.temperature, seed=seed, tools=tools)
        replies = [greedy + more for greedy, more in zip(replies, drawn, strict=True)]
    return own_failures(rows, replies, target.format)
