"""The command line of `python -m train`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from fixtures.cores import check_processes
from fixtures.errors import UserError
from fixtures.files import told_disks
from fixtures.formats import FORMATS
from train import calibrate, lessons, repair
from train.backends.registry import BACKENDS, Backend, train
from train.format_options import add_format, given_of
from train.job import Job, Settings
from train.preferences import energy_pairs, pairing
from train.processes import count, is_main, together
from train.project import init, split
from train.promotion import commands as promotion
from train.promotion import promote, push
from train.rows import check, convert
from train.screen import say

COMMANDS: Mapping[str, Any] = {
    "check": check,
    "convert": convert,
    "lessons": lessons,
    "pairs": pairing,
    "energy": energy_pairs,
    "calibrate": calibrate,
    "promote": promote,
    "key": promotion.KEY,
    "verify": promotion.VERIFY,
    "history": promotion.HISTORY,
    "rollback": promotion.ROLLBACK,
    "revoke": promotion.REVOKE,
    "push": push,
    "repair": repair,
    "split": split,
    "init": init,
}
"""Modules, or what looks like them, with ABOUT, add_options and main, which returns the exit status."""

DATA_HELP = "rows in any form that train check reads: JSON lines, a JSON array or parquet"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 1 if a promotion was refused, 2 for input that a person can repair."""
    options = _parser().parse_args(arguments)
    try:
        if options.command in COMMANDS:
            with told_disks():
                return int(COMMANDS[options.command].main(options))
        check_processes(options.processes, "--processes")
        if options.processes > 1 and count() == 1:
            return together(options.processes, partial(main, list(sys.argv[1:] if arguments is None else arguments)))
        with told_disks():
            adapter = train(_job(options))
    except UserError as error:
        if is_main():
            sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        again = "goes on from the last checkpoint" if options.command in BACKENDS else "begins again; replies are kept"
        resumed = " with --resume" * (options.command in BACKENDS)
        sys.stderr.write(f"\nstopped; the same command{resumed} {again}\n")
        return 130
    say(f"the adapter is in {adapter}\n{BACKENDS[options.command].then.format(run=adapter.parent)}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description="Train adapters, and promote what passes.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, backend in BACKENDS.items():
        _add_backend(commands.add_parser(name, help=backend.about, description=backend.about), backend)
    for name, module in COMMANDS.items():
        module.add_options(commands.add_parser(name, help=module.ABOUT, description=module.ABOUT))
    return parser


def _add_backend(parser: argparse.ArgumentParser, backend: Backend) -> None:
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--out", type=Path, required=True, help="the run folder to make")
    parser.add_argument("--tools", help="tools for rows without their own: a file or a shipped catalog's name")
    parser.add_argument("--from", dest="start", type=Path, metavar="RUN", help="a run, or an adapter, to go on from")
    parser.add_argument("--base", help="name or folder of the base model (default: that of --from, or tiny)")
    add_format(parser, f"that of --from, or {FORMATS[0]}")
    parser.add_argument("--skip-bad-rows", action="store_true", help="leave out rows that cannot be trained on")
    parser.add_argument("--drop-ungrounded", action="store_true", help="leave out rows with values that nobody said")
    parser.add_argument("--context-field", default="", help="a field of each row that goes into the prompt")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument(
        "--processes", type=int, default=1, help="processes of this machine that share a step, each with its own rows"
    )
    add_settings(parser.add_argument_group("hyperparameters"), backend.defaults)
    if backend.own:
        add_settings(parser.add_argument_group("settings of this backend"), backend.own())


def add_settings(group: Any, defaults: Any) -> None:
    """An option for every field of a dataclass of settings, with these defaults."""
    for f in fields(defaults):
        default, choices = getattr(defaults, f.name), f.metadata["choices"]
        shown = ",".join(default) if isinstance(default, tuple) else default
        group.add_argument(
            "--" + f.name.replace("_", "-"),
            type=_names if isinstance(default, tuple) else type(default),
            default=default,
            choices=choices,
            metavar=None if choices else "VALUE",
            help=f"{f.metadata['help']} (default: {shown})".replace("%", "%%"),
        )


def settings_of(options: argparse.Namespace, kind: type[Any]) -> Any:
    """A dataclass of settings from the options that `add_settings` made."""
    return kind(**{f.name: getattr(options, f.name) for f in fields(kind)})


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",")) if text else ()


def _job(options: argparse.Namespace) -> Job:
    given: dict[str, Any] = vars(options)
    kind = BACKENDS[options.command].own
    names = (
        "data", "out", "tools", "start", "base", "format", "skip_bad_rows", "drop_ungrounded", "context_field", "resume"
    )  # fmt: skip
    return Job(
        backend=options.command,
        settings=settings_of(options, Settings),
        own=settings_of(options, kind) if kind else None,
        given=given_of(options),
        **{name: given[name] for name in names},
    )
