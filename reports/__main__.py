"""What gates said, for people.

`python -m reports show RESULTS` prints one gate and makes one self-contained page of it; `python -m reports compare
FOLDER...` sets trainers side by side; `python -m reports nightly` gates the adapters of a settings file, and tells what
moved since which night.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from fixtures.errors import UserError
from fixtures.files import told_disks, write_text
from reports import markup, page, terminal
from reports.nights import command as nights_command
from reports.sections import training_curve, training_data
from suite.results import file as results_file
from suite.results.summary import WIDTH

WIDEST = 120  # columns; longer lines are hard to read


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 if the report could be made, whatever it says, and 2 for bad input; 1 is for a red night."""
    options = parser().parse_args(arguments)
    try:
        with told_disks():
            said = options.run(options)
        if isinstance(said, int):
            return said
        say(said)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m reports", description="What a gate said, for people.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="print a results file, and write it as a page")
    show.add_argument("results", type=Path, metavar="RESULTS", help="written by pytest --adapter PATH --results FILE")
    where = show.add_mutually_exclusive_group()
    where.add_argument("--page", type=Path, metavar="FILE.html", help="where the page goes (default: RESULTS as .html)")
    where.add_argument("--no-page", action="store_true", help="print only")
    show.add_argument("--overwrite", action="store_true", help="write the page over a file that is no page of ours")
    check = f"what train check --json wrote, as a section of the page (default: {training_data.NAME} beside RESULTS)"
    show.add_argument("--check", type=Path, metavar="FILE", help=check)
    log = "the log.jsonl of a training, for its curve (default: log.jsonl or run/log.jsonl beside RESULTS)"
    show.add_argument("--log", type=Path, metavar="FILE", help=log)
    show.add_argument(
        "-v", "--verbose", action="store_true", help="print all figures, and every counterexample in full"
    )
    show.set_defaults(run=_show)
    compare = commands.add_parser(
        "compare", help="set trainers side by side over several seeds, or two nights or gates"
    )
    compare.add_argument(
        "folders",
        type=Path,
        nargs="+",
        metavar="FOLDER",
        help="one a trainer: its subfolders are runs with results.json; or two files, of nights or of results",
    )
    compare.add_argument("--chart", type=Path, metavar="FILE.svg", help="where the chart goes (default: none)")
    compare.set_defaults(run=_compare)
    night = commands.add_parser("nightly", help="gate the adapters of a settings file, and tell what moved since when")
    nights_command.add_options(night)
    night.set_defaults(run=nights_command.main)
    return top


def _show(options: argparse.Namespace) -> str:
    page_file = options.page or options.results.with_suffix(".html")
    target = None if options.no_page else page_file
    return show(
        options.results, target, options.check, options.log, overwrite=options.overwrite, verbose=options.verbose
    )


def _compare(options: argparse.Namespace) -> str:
    from reports import compare, comparison_chart
    from reports.nights import pairs

    if pairs.are_pairs(options.folders):
        return pairs.text(pairs.compare_files(*options.folders))
    columns = [compare.read_column(folder) for folder in options.folders]
    compare.check_comparable(columns)
    if options.chart:
        write_text(options.chart, comparison_chart.chart(columns))
    return compare.table(columns)


def show(
    source: Path,
    target: Path | None,
    check: Path | None = None,
    log: Path | None = None,
    *,
    overwrite: bool = False,
    verbose: bool = False,
) -> str:
    """The summary for the terminal; the page goes to `target`, if there is one.

    The page has a section on training data if there is a `check`, by default the check.json beside the results, and a
    training curve if there is a `log`, by default that of the run beside them.
    """
    results = results_file.read(source)
    columns = min(WIDEST, shutil.get_terminal_size((WIDTH, 24)).columns)
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    told = partial(
        terminal.render,
        results,
        columns,
        colour=colour,
        verbose=verbose,
        whole=f"by: python -m reports show {source} -v",
    )
    if target is None:
        return told()
    if target.resolve() == source.resolve():
        raise UserError(str(target), "the page would overwrite the results", hint="name another file with --page")
    markup.check_place(target, overwrite)
    beside = source.with_name(training_data.NAME)
    found = check or (beside if beside.is_file() else None)
    steps = log or training_curve.find(source)
    checked = training_data.read_check(found) if found else None
    read = training_curve.read_log(steps) if steps else None
    write_text(target, page.render(results, source.name, checked, read))
    return told(said=[f"page: {target}"])


def say(text: str) -> None:
    """Write to standard output; what its encoding cannot hold is spelled out."""
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))


if __name__ == "__main__":
    sys.exit(main())
