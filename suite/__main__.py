"""What a person does beside gating: `python -m suite preview --catalog FILE` shows what would be asked, and
`python -m suite keep RESULTS --out FILE` makes rows of what failed, which `--cases FILE` asks from then on."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.printing import printable
from suite.exam.preview import as_json, preview, told
from suite.results import file as results_file
from suite.results.keeping import chosen, keep


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 if it was done, and 2 for bad input."""
    options = parser().parse_args(arguments)
    try:
        sys.stdout.write(printable(_COMMANDS[options.command](options)))
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m suite", description="The gate itself is: pytest --adapter PATH")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    about = "append counterexamples to a file of regression cases, for --cases FILE"
    command = commands.add_parser("keep", help=about, description=about)
    command.add_argument(
        "results", type=Path, metavar="RESULTS", help="written by pytest --adapter PATH --results FILE"
    )
    command.add_argument("--number", type=int, metavar="N", help="only this one, counted from 1 (default: all)")
    command.add_argument("--out", type=Path, metavar="FILE", required=True, help="your file of rows; made if missing")
    _add_preview(commands)
    return top


def _add_preview(commands: Any) -> None:
    about = "show what a gate would ask of a catalog, without a model"
    command = commands.add_parser("preview", help=about, description=about)
    command.add_argument(
        "--catalog", action="append", required=True, metavar="FILE", help="or a shipped catalog's name"
    )
    command.add_argument("--n", type=int, default=3, metavar="N", help="requests for each tool (default: 3)")
    command.add_argument("--seed", type=int, default=0, help="others with another one (default: 0)")
    command.add_argument("--format", default="functiongemma", help="in which the tools are to be declared")
    command.add_argument("--json", action="store_true", help="for programs")


def _preview(options: argparse.Namespace) -> str:
    if options.n < 1:
        raise UserError("--n", f"{options.n} requests show nothing", allowed="1 or more")
    form = load_format(options.format)
    found = [preview(name, form, number=options.n, seed=options.seed) for name in options.catalog]
    return as_json(found) if options.json else "\n".join(told(one) for one in found)


def _keep(options: argparse.Namespace) -> str:
    results = results_file.read(options.results)
    examples = chosen(results, options.number, str(options.results))
    kept = keep(examples, results.identity.format, options.out)
    lines = [f"kept {kept.written} of {len(examples)} in {options.out}, which --cases {options.out} asks"]
    lines += [f"{kept.there} stood there already"] if kept.there else []
    lines += [f"left out, {reason}" for reason in kept.left_out]
    return "".join(f"{line}\n" for line in lines)


_COMMANDS = {"keep": _keep, "preview": _preview}


if __name__ == "__main__":
    sys.exit(main())
