"""`python -m benchmarks.energy --adapter RUN [--scorer RUN]`: are requests routed to the cheapest tool that serves?

Asks each adapter for held-out requests that several declared tools could serve at different costs: greedily, and with a
scorer (a run of `train reward`) also several samples each, of which the scorer takes the best. One sample alone is the
control: what the scorer adds is the difference to that. Prints a table, shares with exact 95 % intervals.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fixtures.errors import UserError
from fixtures.types import Case
from suite.engine import Target, identify
from suite.reply import Reply
from suite.statistics.stats import clopper_pearson
from train.preferences.energy import Choice, requests
from train.preferences.sampling import NO_CHOICE, sample
from train.preferences.scoring import best_of, find_scorer, load_scorer


@dataclass(frozen=True, slots=True)
class Routing:
    """Where requests went: to the cheapest tool, to one that serves; and the mean energy of the served, in Wh."""

    cheapest: int
    served: int
    requests: int
    watt_hours: float | None

    def row(self) -> str:
        shares = []
        for held in (self.cheapest, self.served):
            interval = clopper_pearson(held, self.requests)
            shares.append(f"{held / self.requests:.1%} ({interval.low:.1%} to {interval.high:.1%})")
        return f"{' | '.join(shares)} | {'none' if self.watt_hours is None else f'{self.watt_hours:.1f}'}"


def routing(asked: Sequence[tuple[Case, Choice]], replies: Sequence[Reply]) -> Routing:
    """Count; a request is served by one clean call of a tool that could serve it."""
    spent: list[float] = []
    cheapest = 0
    for (_, choice), reply in zip(asked, replies, strict=True):
        names = [call.name for call in reply.parsed.calls]
        if reply.parsed.status == "clean" and len(names) == 1 and names[0] in choice.cost:
            spent.append(choice.cost[names[0]])
            cheapest += names[0] == choice.cheapest
    return Routing(cheapest, len(spent), len(asked), sum(spent) / len(spent) if spent else None)


def compare(target: Target, asked: Sequence[tuple[Case, Choice]], options: argparse.Namespace) -> dict[str, Routing]:
    """The ways of choosing a reply, each with where its replies went."""
    prompts = [target.format.render(c.messages, c.catalog.declarations(), prompt=True).text for c, _ in asked]
    greedy = sample(target, prompts, k=1, temperature=NO_CHOICE, seed=0)
    ways = {"greedy": [given[0] for given in greedy]}
    if options.scorer:
        drawn = sample(target, prompts, k=options.n, temperature=options.temperature, seed=options.seed)
        ways["one sample"] = [given[0] for given in drawn]
        ways[f"best of {options.n}"] = best_of(prompts, drawn, load_scorer(options.scorer))
    return {way: routing(asked, replies) for way, replies in ways.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 2 for input that a person can repair."""
    options = _parser().parse_args(arguments)
    try:
        targets = [identify(adapter, None, None) for adapter in options.adapter]
        if options.scorer:
            _check_scorer(targets, options.scorer)
        asked = requests(options.requests, options.seed)
        sys.stdout.write(
            "| adapter | reply | to the cheapest | served | Wh a served request |\n|" + " --- |" * 5 + "\n"
        )
        for adapter, target in zip(options.adapter, targets, strict=True):
            for way, found in compare(target, asked, options).items():
                sys.stdout.write(f"| {adapter} | {way} | {found.row()} |\n")
                sys.stdout.flush()
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _check_scorer(targets: Sequence[Target], run: Path) -> None:
    spoken = find_scorer(run).format.name
    for target in targets:
        if target.format.name != spoken:
            problem = f"it knows replies in {spoken}, and {target.identity.adapter} speaks {target.format.name}"
            raise UserError(f"--scorer {run}", problem)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.energy", description=__doc__)
    parser.add_argument("--adapter", type=Path, action="append", required=True, help="a run; may be given again")
    parser.add_argument("--scorer", type=Path, help="a run of the backend reward, for best-of-n")
    parser.add_argument("--n", type=int, default=8, help="samples a request for best-of-n (default: %(default)s)")
    parser.add_argument("--temperature", type=float, default=1.0, help="of the samples (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=200, help="held-out requests (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="decides requests and samples (default: %(default)s)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
