"""What a person does beside gating: `python -m suite preview` shows what would be asked, `python -m suite keep RESULTS`
makes rows of what failed, which `--cases FILE` asks from then on, `python -m suite phrases` asks a model for wordings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fixtures.errors import UserError
from fixtures.printing import printable
from suite.phrasing import command as phrasing
from suite.preview import command as preview
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
    preview.add_options(commands.add_parser("preview", help=preview.ABOUT, description=preview.ABOUT))
    phrasing.add_options(commands.add_parser("phrases", help=phrasing.ABOUT, description=phrasing.ABOUT))
    return top


def _keep(options: argparse.Namespace) -> str:
    results = results_file.read(options.results)
    examples = chosen(results, options.number, str(options.results))
    kept = keep(examples, results.identity.format, options.out)
    lines = [f"kept {kept.written} of {len(examples)} in {options.out}, which --cases {options.out} asks"]
    lines += [f"{kept.there} stood there already"] if kept.there else []
    lines += [f"left out, {reason}" for reason in kept.left_out]
    return "".join(f"{line}\n" for line in lines)


_COMMANDS = {"keep": _keep, "preview": preview.shown, "phrases": phrasing.written}


if __name__ == "__main__":
    sys.exit(main())
