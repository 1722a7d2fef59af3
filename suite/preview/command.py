"""`python -m suite preview`: what a gate would ask, by the same options and settings, without a model."""

from __future__ import annotations

import argparse

from fixtures.errors import UserError
from fixtures.formats import FORMATS, Format, load_format
from suite.engine.target.template import AUTO, found_format
from suite.preview.looking import preview
from suite.preview.telling import as_json, told
from suite.settings import Settings, read_settings, settings_file

ABOUT = "show what a gate would ask, by the settings of [tool.callproof] too, without a model"
_OF_THE_GATE = ("catalog", "examples", "cases", "format", "chat_template", "made_up", "as_deployed")


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the command line; those of the gate mean what they mean to `pytest --adapter`."""
    command.add_argument("--n", type=int, default=3, metavar="N", help="requests for each tool (default: 3)")
    command.add_argument("--seed", type=int, default=0, help="others with another one (default: 0)")
    command.add_argument("--json", action="store_true", help="for programs")
    gate = command.add_argument_group("gate", "As for pytest --adapter; [tool.callproof] of pyproject.toml counts too.")
    gate.add_argument("--catalog", action="append", metavar="FILE", help="or a shipped catalog's name; repeatable")
    gate.add_argument("--examples", action="append", metavar="FILE", help="labelled rows, for their words; repeatable")
    gate.add_argument("--cases", action="append", metavar="FILE", help="labelled rows, asked as they are; repeatable")
    gate.add_argument("--format", metavar="NAME", help=f"in which tools are declared (default: {FORMATS[0]})")
    gate.add_argument("--chat-template", metavar="FILE", help="for --format auto: the adapter's template")
    gate.add_argument("--made-up", type=int, metavar="PERCENT", help="of the cases, on catalogs nobody wrote")
    gate.add_argument("--as-deployed", type=int, metavar="PERCENT", help="of the others, on a whole catalog")


def shown(options: argparse.Namespace) -> str:
    """What is printed; UserError for bad input, as the gate would refuse it."""
    if options.n < 1:
        raise UserError("--n", f"{options.n} requests show nothing", allowed="1 or more")
    settings = read_settings({name: getattr(options, name) for name in _OF_THE_GATE})
    source = str(settings_file() or "")
    found = preview(settings, _form(settings), number=options.n, seed=options.seed)
    return as_json(found, source) if options.json else told(found, source)


def _form(settings: Settings) -> Format:
    """The format that was named; UserError where a template is to say it, and none is given."""
    if settings.format not in (None, AUTO) or not (settings.format or settings.chat_template):
        return load_format(settings.format or FORMATS[0])
    found = found_format([], settings.given) if settings.chat_template else None
    if found is None:
        raise UserError(
            "--format auto", "which format that is, the adapter's chat template says, and no adapter is looked at here",
            allowed=f"--chat-template FILE, or one of {', '.join(FORMATS)}",
        )  # fmt: skip
    return found[0]
