"""`callproof init --data ROWS --tools FILE`: a project in one command, for people who come with rows of their own.

ROWS are split by request into DIR/train.jsonl, examples.jsonl and cases.jsonl, pyproject.toml gets `[tool.callproof]`,
and the three commands that come next are printed. Everything is checked before anything is written: what is printed
works as it stands.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from fixtures.bases import resolve_base
from fixtures.catalogs import SpokenCatalog, load_catalog, read_catalog
from fixtures.files import check_free, write_text
from fixtures.formats import FORMATS, Format, load_format
from fixtures.printing import one_line
from fixtures.rows.checks import Fault
from fixtures.rows.reading import Row
from suite.contracts import CONTRACTS
from suite.outcome import Rate
from suite.settings import Settings
from train.job import Settings as Training
from train.project.catalog import gathered, has_unaskable
from train.project.parts import PARTS
from train.project.pyproject import Value, with_settings
from train.project.split import Split, add_splitting, check_out, shares_of, split_rows, take, write
from train.rows.catalog import declared_tools
from train.rows.encoding import encode_all
from train.rows.mask import load_tokenizer
from train.screen import say

ABOUT = "set a project up with rows of your own: splits them, writes [tool.callproof], and says what comes next"
CATALOG = "catalog.json"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data", type=Path, required=True, metavar="ROWS", help="the rows, in any form that train check reads"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("rows"), metavar="DIR", help="the folder for the rows (default: rows)"
    )
    add_splitting(parser)
    parser.add_argument("--base", default="tiny", metavar="NAME", help="the base that is trained (default: tiny)")
    parser.add_argument(
        "--max-length", type=int, default=Training().max_length, metavar="N",
        help="tokens a row may have (default: %(default)s)",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be written, once everything was checked."""

    split: Split
    catalog: str
    """What the settings call it: a shipped name or a file."""
    declared: str
    """The text of that file, if it is to be written too."""
    leave_out: bool


def main(options: argparse.Namespace) -> int:
    """Read, check, write and say what comes next; raises UserError for bad input, and nothing is written then."""
    pyproject = Path("pyproject.toml").resolve()
    # First with what is not known yet: whoever has settings here learns it before their rows are read.
    with_settings(pyproject, dict.fromkeys(_decided()), (), overwrite=options.overwrite)
    check_out(options.out, options.data, options.overwrite)
    form = load_format(options.format)
    plan = _plan(options, form)
    settings = settings_of(plan, options.out)
    text = with_settings(pyproject, settings, comments(), overwrite=options.overwrite)
    write(options.out, plan.split)
    if plan.declared:
        write_text(options.out / CATALOG, plan.declared)
    write_text(pyproject, text)
    catalog = f"{options.out / CATALOG} and " if plan.declared else ""
    say(f"{plan.split.told}\nin {options.out}; written too: {catalog}[tool.callproof] of pyproject.toml")
    say("next:\n" + "\n".join(f"  {command}" for command in next_commands(options, plan)))
    return 0


def _plan(options: argparse.Namespace, form: Format) -> Plan:
    shares, catalog = shares_of(options.shares), declared_tools(options.tools)
    if catalog is None:
        check_free(options.out / CATALOG, options.overwrite)
    taken = take(options.data, form, catalog, skip=options.skip_bad_rows, more=_too_long(options, form))
    if options.tools:
        spoken, name, declared = load_catalog(options.tools), options.tools, ""
    else:
        spoken, name, declared = _made([one.row for one in taken], (options.out / CATALOG).as_posix())
    return Plan(split_rows(taken, shares, options.seed), name, declared, has_unaskable(spoken, form))


def _too_long(options: argparse.Namespace, form: Format) -> Callable[[Sequence[Row]], Sequence[Fault]]:
    """What hinders sound rows from being trained on with this base."""
    tokenizer = load_tokenizer(resolve_base(options.base).path, form)

    def faults(rows: Sequence[Row]) -> Sequence[Fault]:
        found = encode_all(rows, form, tokenizer, options.max_length) if rows else []
        return [one for one in found if isinstance(one, Fault)]

    return faults


def _made(rows: Sequence[Row], name: str) -> tuple[SpokenCatalog, str, str]:
    """The catalog of the rows' own tools, and the text of its file."""
    found = gathered(rows)
    if found.differing:
        shown = ", ".join(found.differing[:8]) + f" and {len(found.differing) - 8} more" * (len(found.differing) > 8)
        say(one_line(f"{name}: rows declare these in different ways, and it has the way of most rows: {shown}"))
    data = list(found.tools)
    spoken = read_catalog(data, where=name, name=Path(name).stem)
    return spoken, name, json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def settings_of(plan: Plan, folder: Path) -> dict[str, Value]:
    """What `[tool.callproof]` is to say."""
    settings: dict[str, Value] = {**dict.fromkeys(_decided()), "catalog": (plan.catalog,)}
    for name, part in zip(PARTS, plan.split.parts, strict=True):
        if part and name in settings:
            settings[name] = ((folder / f"{name}.jsonl").as_posix(),)
    if plan.leave_out:
        settings["leave_out_unaskable"] = True
    return settings


def _decided() -> list[str]:
    """The settings that this command decides, whether it has something for them or not."""
    known = {f.name for f in fields(Settings)}
    return ["catalog", *(name for name in PARTS if name in known)]


def comments() -> list[str]:
    """The bars at their defaults, where settings may have others."""
    if "bars" not in {f.name for f in fields(Settings)}:
        return []
    rates = [(one.name, one.bar) for one in CONTRACTS if isinstance(one.bar, Rate) and one.bar.gating]
    bars = [f"# {name} = {{at_least = {bar.at_least}, acceptable = {bar.acceptable}}}" for name, bar in rates]
    return ["", "# The bars at their defaults; take the # away to set others:", "# [tool.callproof.bars]", *bars]


def next_commands(options: argparse.Namespace, plan: Plan) -> list[str]:
    """What to type next: check, train, gate."""
    run = next(run for run in _names() if not run.exists())
    train = options.out / f"{PARTS[0]}.jsonl"
    given = ["--tools", options.tools] if options.tools else []
    given += ["--format", options.format] if options.format != FORMATS[0] else []
    given += ["--base", options.base] if options.base != "tiny" else []
    given += ["--max-length", str(options.max_length)] if options.max_length != Training().max_length else []
    words = [
        ["train", "check", str(train), *given],
        ["train", "sft", "--data", str(train), *given, "--out", str(run)],
        ["gate", str(run), "--results", str(run / "results.json")],
    ]
    return [f"{_door()} {shlex.join(command)}" for command in words]


def _names() -> Sequence[Path]:
    """Run folders, one of which is free."""
    taken = len(list(Path("runs").iterdir())) if Path("runs").is_dir() else 0
    return [Path("runs") / "first", *(Path("runs") / f"run-{number}" for number in range(2, taken + 3))]


def _door() -> str:
    """How this program is called from where it was called."""
    return "callproof" if Path(sys.argv[0]).name == "callproof" else "python -m callproof"
