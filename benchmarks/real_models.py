"""What gates say of real bases and of adapters for them: `python -m benchmarks.real_models table FOLDER [--write]`.

FOLDER has a folder for each base, as `.ci/real` makes them: `base/` and `run/`, each with the results.json and
gate.json of its gate; in `run/`, cost.json tells what the training took. With `--write`, the tables go into
docs/real-models.md. `python -m benchmarks.real_models gate FOLDER OPTIONS...` is `pytest OPTIONS...`, and writes these
two files; a gate that stays closed (pytest's 1) counts as done, any other exit is passed on.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from suite.outcome import ContractResult, Results
from suite.results.file import read
from suite.results.summary import share_range, verdict_word
from suite.results.table import kept
from suite.results.wording import percent_seen
from train.backends.run import BYTES_OF_PEAK

_DOCS = Path(__file__).parents[1] / "docs" / "real-models.md"
BEGIN, END = "<!-- gated: begin -->\n", "<!-- gated: end -->\n"
CLOSED = 1
"""What pytest ends with when tests fail."""


def gate(folder: Path, options: Sequence[str]) -> int:
    """Run the gate in a process of its own; what it took goes beside its results."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, "--results", str(folder / "results.json")],
        check=False,
    )
    # The largest of the processes of the gate; they do not share what they load.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * BYTES_OF_PEAK
    took = {"seconds": round(time.monotonic() - began, 1), "peak_memory_bytes": peak}
    (folder / "gate.json").write_text(json.dumps(took) + "\n", encoding="utf-8")
    return done.returncode if done.returncode > CLOSED else 0


def tables(folder: Path) -> str:
    """For each base a heading, what was run, and a line a contract: the base beside its adapter."""
    return "\n".join(_of_base(home) for home in sorted(folder.iterdir()) if (home / "run" / "results.json").is_file())


def _of_base(home: Path) -> str:
    base, tuned = (read(home / name / "results.json") for name in ("base", "run"))
    trained, asked, tested = (_json(home / file) for file in ("run/cost.json", "base/gate.json", "run/gate.json"))
    facts = _json(home / "run" / "settings.json")
    lines = [
        f"### {home.name}, `{tuned.identity.format}`\n",
        f"{facts['backend']} on {facts['data']['rows']} rows, {facts['settings']['epochs']:g} epochs:"
        f" {_cost(trained)}. Gates: {_cost(asked)} (base), {_cost(tested)} (adapter), in"
        f" {tuned.identity.dtype or 'float32'}, budget {tuned.budget}; the adapter's"
        f" {'opens' if tuned.passed else 'stays closed'}. Of {tuned.started[:10]}.\n",
        "| contract | base | adapter |\n| --- | --- | --- |",
    ]
    of_base = {contract.name: contract for contract in base.contracts}
    lines += [f"| `{one.name}` | {_told(of_base.get(one.name))} | {_told(one)} |" for one in _in_order(tuned)]
    return "\n".join(lines) + "\n"


def _in_order(results: Results) -> list[ContractResult]:
    return sorted(results.contracts, key=lambda contract: not contract.bar.gating)


def _told(contract: ContractResult | None) -> str:
    """Verdict, how much was kept with its interval, and of how many cases."""
    figure = kept(contract) if contract else None
    if contract is None or figure is None:
        return "no case"
    found = f" +{contract.tally.found}" if contract.tally.found else ""
    cut = ", cut short" if contract.cut_short else ""
    return (
        f"{verdict_word(contract)}: {percent_seen(figure.estimate)} ({share_range(figure)}) of"
        f" {contract.tally.trials}{found}{cut}"
    )


def _cost(found: Any) -> str:
    return f"{found['seconds'] / 60:.1f} minutes, {found['peak_memory_bytes'] / 2**30:.1f} GiB"


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def written(text: str, table: str) -> str:
    """The page with these tables in the place of those it has."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Gate, or print or write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_models", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    gating, telling = commands.add_parser("gate"), commands.add_parser("table")
    for one in (gating, telling):
        one.add_argument("folder", type=Path)
    gating.add_argument("options", nargs=argparse.REMAINDER, help="of the gate")
    telling.add_argument("--write", action="store_true", help="write the tables into docs/real-models.md")
    options = parser.parse_args(arguments)
    if options.command == "gate":
        return gate(options.folder, options.options)
    table = tables(options.folder)
    if options.write:
        _DOCS.write_text(written(_DOCS.read_text(encoding="utf-8"), table), encoding="utf-8")
    else:
        sys.stdout.write(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
