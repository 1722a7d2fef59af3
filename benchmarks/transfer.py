"""`python -m benchmarks.transfer --rows FILE --tools CATALOG [--base BASE]`: does a verdict by `--examples` transfer?

Splits labelled rows by request into three seeded parts, trains adapters of different worth on the first, and asks each
with requests made from the second (as a gate with `--examples` does) and with the rows of the third, word for word (as
`--cases` does). Prints `right_tool` and `right_arguments` of both, and whether they put the adapters in the same order.
docs/exam.md has the table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fixtures.catalogs import load_catalog
from fixtures.types import Case
from suite.contracts.right_arguments import right_arguments
from suite.contracts.right_tool import right_tool
from suite.engine import identify, start_engine
from suite.exam.own import read_own
from suite.exam.scene import Scene
from suite.judging.contract import measured
from suite.lanes.asking import MAX_NEW_TOKENS, Asker
from suite.outcome import Broken, Held
from suite.reply import Reply
from suite.settings import AS_DEPLOYED_BESIDE_EXAMPLES, usual_made_up
from suite.statistics.stats import clopper_pearson

CONTRACTS = (right_tool, right_arguments)
EXACTLY = "exactly right"
"""Both: of all cases, so that an adapter that names few tools has as many as another."""
FIGURES = (*(f"`{contract.name}`" for contract in CONTRACTS), EXACTLY)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one adapter is made: from which files of the folder, and with which further options."""

    data: tuple[str, ...]
    more: tuple[str, ...] = ()


CURED = ("--drop-ungrounded",)


def recipes(epochs: int) -> dict[str, Recipe]:
    """Adapters of different worth; `epochs` over the rows, and three times as many for one of them."""
    few = ("--epochs", str(epochs))
    return {
        "rows as they are": Recipe(("train.jsonl",), few),
        "rows as they are, three times the epochs": Recipe(("train.jsonl",), ("--epochs", str(3 * epochs))),
        "rows that say their values": Recipe(("train.jsonl",), ("--epochs", str(8 * epochs), *CURED)),
        "lessons": Recipe(("lessons.jsonl",), ("--epochs", "1")),
        "rows that say their values, and lessons": Recipe(("train.jsonl", "lessons.jsonl"), ("--epochs", "1", *CURED)),
        "rows as they are, and lessons": Recipe(("train.jsonl", "lessons.jsonl"), ("--epochs", "1")),
    }


def prepared(options: argparse.Namespace) -> None:
    """The three parts of the rows and the lessons, if they are not there."""
    out, tools = options.out, options.tools
    if not (out / "cases.jsonl").exists():
        parts = ("--shares", options.shares, "--seed", str(options.seed))
        _run("train", "split", str(options.rows), "--tools", tools, "--out", str(out), *parts)
    if not (out / "lessons.jsonl").exists():
        more = ("--rows", str(options.lessons), "--made-up", "0", "--out", str(out / "lessons.jsonl"))
        _run("train", "lessons", "--tools", tools, "--format", options.format, *more)


def trained(name: str, recipe: Recipe, options: argparse.Namespace) -> Path:
    """The run folder of this recipe, made if it is not there."""
    data = options.out / f"{'+'.join(part.removesuffix('.jsonl') for part in recipe.data)}.jsonl"
    if not data.exists():
        data.write_text("".join((options.out / part).read_text() for part in recipe.data))
    run: Path = options.out / f"{Path(options.base).name}-{name.replace(', ', '-').replace(' ', '-')}"
    if not run.exists():
        given = ("--data", str(data), "--tools", options.tools, "--base", options.base, "--format", options.format)
        _run("train", "sft", *given, "--out", str(run), *recipe.more, "--processes", str(options.processes))
    return run


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)


@dataclass(frozen=True, slots=True)
class Shares:
    """Held and all applicable cases by figure."""

    counts: Mapping[str, tuple[int, int]]

    def of(self, figure: str) -> float:
        held, trials = self.counts[figure]
        return held / trials if trials else 0.0

    def cell(self, figure: str) -> str:
        held, trials = self.counts[figure]
        if not trials:
            return "no case"
        interval = clopper_pearson(held, trials)
        return f"{held / trials:.1%} of {trials} ({interval.low:.0%} to {interval.high:.0%})"


def shares(cases: Sequence[Case], replies: Sequence[Reply]) -> Shares:
    """What the replies keep of both contracts; a case that one does not apply to counts for it neither way."""
    counts = {}
    for contract in CONTRACTS:
        outcomes = [contract.judge(case, reply) for case, reply in zip(cases, replies, strict=True)]
        held = sum(isinstance(outcome, Held) for outcome in outcomes)
        counts[f"`{contract.name}`"] = held, held + sum(isinstance(outcome, Broken) for outcome in outcomes)
    asked, right = (counts[figure] for figure in FIGURES[:2])
    counts[EXACTLY] = right[0], asked[1]
    return Shares(counts)


def arms(options: argparse.Namespace) -> dict[str, list[Case]]:
    """What is asked: as a gate with the examples does, the same on no drawn catalogs, and the held-out rows."""
    form = identify(None, options.base, options.format).format
    examples = [str(options.out / "examples.jsonl")]
    found = {}
    for way, made_up in (("gate", usual_made_up(examples)), ("examples alone", 0)):
        scene = Scene.on([options.tools], made_up, form=form, as_deployed=options.as_deployed, examples=examples)
        found[way] = [measured(right_tool, scene, options.seed, number) for number in range(options.cases)]
    own = read_own([str(options.out / "cases.jsonl")], [load_catalog(options.tools)], form)
    found["held out"] = [one.case for one in own.rows]
    return found


def table(results: Mapping[str, Mapping[str, Shares]]) -> list[str]:
    """Markdown: a row for each adapter, for each contract a column by way of asking."""
    names = list(next(iter(results.values())))
    heads = [f"{figure}, {name}" for figure in FIGURES for name in names]
    lines = [f"| adapter | {' | '.join(heads)} |", "| --- " * (len(heads) + 1) + "|"]
    for adapter, found in results.items():
        cells = [found[name].cell(figure) for figure in FIGURES for name in names]
        lines.append(f"| {adapter} | {' | '.join(cells)} |")
    return lines


def agreement(results: Mapping[str, Mapping[str, Shares]]) -> list[str]:
    """For each way of asking from examples: the largest difference to the held-out rows, and pairs in another order."""
    lines = []
    *ways, held_out = next(iter(results.values()))
    for figure in FIGURES:
        for way in ways:
            pairs = [(f[way].of(figure), f[held_out].of(figure)) for f in results.values()]
            furthest = max(abs(a - b) for a, b in pairs)
            turned = sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(pairs) for c, d in pairs[i + 1 :])
            lines.append(
                f"{figure}, {way}: at most {100 * furthest:.1f} points from the held-out rows, "
                f"{turned} of {len(pairs) * (len(pairs) - 1) // 2} pairs of adapters in another order"
            )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.transfer", description=__doc__)
    parser.add_argument("--rows", type=Path, required=True, help="labelled rows, in any form that train check reads")
    parser.add_argument("--tools", required=True, help="a catalog, a file or a shipped name")
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--format", default="functiongemma")
    parser.add_argument("--out", type=Path, default=Path("runs/transfer"), help="adapters in it are not trained again")
    parser.add_argument("--only", action="append", help="this recipe; repeatable (default: all)")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--lessons", type=int, default=400)
    parser.add_argument("--shares", default="40,20,40", help="of training, examples and held-out rows")
    parser.add_argument("--cases", type=int, default=200, help="made from the examples")
    parser.add_argument("--as-deployed", type=int, default=AS_DEPLOYED_BESIDE_EXAMPLES, help="as the gate takes it")
    parser.add_argument("--processes", type=int, default=2, help="that train an adapter together")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    prepared(options)
    asked, results = arms(options), {}
    for name, recipe in recipes(options.epochs).items():
        if options.only and name not in options.only:
            continue
        engine = start_engine(identify(trained(name, recipe, options), options.base, options.format))
        asker = Asker(engine, max_new_tokens=MAX_NEW_TOKENS)
        results[name] = {way: shares(cases, asker.ask(cases)) for way, cases in asked.items()}
        sys.stdout.write(f"{table({name: results[name]})[-1]}\n")
        sys.stdout.flush()
    sys.stdout.write("\n".join(["", *table(results), "", *agreement(results)]) + "\n")


if __name__ == "__main__":
    main()
