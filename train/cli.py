"""The command line of `python -m train`."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import FORMATS
from train import check, promote
from train.job import CHOICES, Job, Settings
from train.screen import say


@dataclass(frozen=True, slots=True)
class Backend:
    """A module with `train(job) -> Path`, named and not imported: a backend may import what it likes."""

    module: str
    about: str


BACKENDS: Mapping[str, Backend] = {
    "trainer": Backend("train.trainer", "plain transformers.Trainer with LoRA: the baseline"),
    "sft": Backend("train.sft", "TRL's SFTTrainer, loss on the assistant's answers only"),
}


COMMANDS: Mapping[str, Any] = {"check": check, "promote": promote}
"""Modules with ABOUT, add_options and main, which returns the exit status."""

DATA_HELP = "JSON lines with messages and tools, or SeedCore's user_content, tool_name and tool_arguments"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 1 if a promotion was refused, 2 for input that a person can repair."""
    options = _parser().parse_args(arguments)
    try:
        if options.command in COMMANDS:
            return int(COMMANDS[options.command].main(options))
        adapter = train(_job(options))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("\nstopped; the same command with --resume goes on from the last checkpoint\n")
        return 130
    say(f"the adapter is in {adapter}\ngate it with: pytest --adapter {adapter.parent}")
    return 0


def train(job: Job) -> Path:
    """Train with the job's backend and return the adapter's folder."""
    adapter: Path = importlib.import_module(BACKENDS[job.backend].module).train(job)
    return adapter


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train", description="Train adapters, and promote what passes.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, backend in BACKENDS.items():
        _add_backend(commands.add_parser(name, help=backend.about, description=backend.about))
    for name, module in COMMANDS.items():
        module.add_options(commands.add_parser(name, help=module.ABOUT, description=module.ABOUT))
    return parser


def _add_backend(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, help=DATA_HELP)
    parser.add_argument("--out", type=Path, required=True, help="the run folder to make")
    parser.add_argument("--tools", help="tools for rows without their own: a file or a shipped catalog's name")
    parser.add_argument("--base", default="tiny", help="name or folder of the base model (default: tiny)")
    parser.add_argument("--format", default=FORMATS[0], choices=FORMATS, help="the wire format (default: %(default)s)")
    parser.add_argument("--skip-bad-rows", action="store_true", help="leave out rows that cannot be trained on")
    parser.add_argument("--drop-ungrounded", action="store_true", help="leave out rows with values that nobody said")
    parser.add_argument("--context-field", default="", help="a field of each row that goes into the prompt")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    group = parser.add_argument_group("hyperparameters")
    for f in fields(Settings):
        shown = ",".join(f.default) if isinstance(f.default, tuple) else f.default
        group.add_argument(
            "--" + f.name.replace("_", "-"),
            type=_names if isinstance(f.default, tuple) else type(f.default),
            default=f.default,
            choices=CHOICES.get(f.name),
            metavar=None if f.name in CHOICES else "VALUE",
            help=f"{f.metadata['help']} (default: {shown})".replace("%", "%%"),
        )


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


def _job(options: argparse.Namespace) -> Job:
    given: dict[str, Any] = vars(options)
    settings = Settings(**{f.name: given[f.name] for f in fields(Settings)})
    names = ("data", "out", "tools", "base", "format", "skip_bad_rows", "drop_ungrounded", "context_field", "resume")
    return Job(backend=options.command, settings=settings, **{name: given[name] for name in names})
