"""Options that say in which format a command writes: one by name, or the one that a chat template writes."""

from __future__ import annotations

import argparse
from typing import Any

from fixtures.formats import FORMATS
from fixtures.formats.found import Given
from suite.engine.target.identify import Target, identify
from suite.engine.target.template import AUTO

GIVEN = ("chat_template", "template_kwargs", "system")
"""The options that go with `auto`, as fields of `Given`."""


def add_format(parser: argparse.ArgumentParser, default: str) -> None:
    """`--format` and what goes with `auto`; `default` says in words what counts without it."""
    parser.add_argument(
        "--format", choices=(*FORMATS, AUTO), metavar="NAME",
        help=f"the wire format: {', '.join(FORMATS)}, or {AUTO} for what the chat template writes (default: {default})",
    )  # fmt: skip
    group = parser.add_argument_group(f"format {AUTO}", "As for pytest --adapter.")
    group.add_argument("--chat-template", metavar="FILE", help="this template instead of the base's own")
    group.add_argument(
        "--template-kwargs", metavar="JSON", help='what is given to the template, such as {"enable_thinking": false}'
    )
    group.add_argument("--system", metavar="TEXT", help="a system message that stands first")


def given_of(options: argparse.Namespace) -> Given:
    """What is said of the template."""
    return Given(**{name: getattr(options, name) for name in GIVEN})


def spoken(options: argparse.Namespace) -> Target:
    """The base and the format that `--adapter`, `--base` and the options of `add_format` mean; UserError if none."""
    adapter: Any = options.adapter
    return identify(adapter, options.base, options.format, given=given_of(options))
