"""`python -m train repair RUN --out FOLDER`: gate, make rows of what fails, train on, gate again, until it passes.

The exam is not trained on: rows are made of fresh requests as the gating contracts have them, most to those that
failed, but in words of the train split (fixtures/vocab.py), of which the gate has none. Each becomes a row with the
right answer, which is known by construction. Those that the adapter answers rightly go along, or it would unlearn them:
trained on a few requests that nothing fits and hardly any other, adapters refused what they had served before.

FOLDER/round-N/rows.jsonl, run/, results.json   what was learned in a round, and how the gate went after it
FOLDER/repair.jsonl                             a line a round: what failed, what was made of it, what it cost
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from fixtures.datasets.rows import row_of, write_rows
from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.formats.found import NOTHING
from fixtures.progress import Replies
from fixtures.types import Case
from suite.contracts import CONTRACTS, GATING
from suite.exam.scene import Scene
from suite.gating import Drawn
from suite.judging.contract import Contract
from suite.outcome import Broken, Ceiling, Held, NoWorse, Results, Scored
from suite.reply import Reply
from train.gate_options import add_gate, gate_settings
from train.lessons import fresh
from train.preferences.pairs import OWN_FAILURE, ends_once
from train.screen import say

if TYPE_CHECKING:
    from suite.settings import Settings

ABOUT = "gate an adapter, train on what fails, and gate again, until it passes or gets no better"
ROUNDS, CASES = 3, 240
BACKENDS = {"sft": 5e-4, "dpo": 5e-4}
"""What a round may train with, and its learning rate."""

_OF_THE_GATE = (
    "base", "format", "chat_template", "template_kwargs", "system", "catalog", "examples", "made_up", "seed", "budget",
    "dtype",
)  # fmt: skip

Ask: TypeAlias = Callable[[Path, Sequence[Case]], Sequence[Reply]]


@dataclass(frozen=True, slots=True)
class Tools:
    """What repairing needs of the other rooms; tests put scripted ones in their place."""

    gate: Callable[[Path], Results]
    ask: Ask
    """The replies of an adapter (its run folder) to cases."""
    train: Callable[[Path, Path, Path], None]
    """Trains on from an adapter with the rows of a file, into a run folder."""
    write_results: Callable[[Results, Path], None]
    exam: Callable[[], Collection[str]] = frozenset
    """The normalised requests that stand in the exam, or among the known counterexamples, by now."""
    form: Format | None = None
    """What the adapter speaks, so that rows can be written in it; by default none is left out."""
    pairs_in: Format | None = None
    """The format of pairs, for a training on preferences; None for one on rows."""


@dataclass(frozen=True, slots=True)
class Round:
    """One line of the log. `failing` has, for each gating contract that did not pass, the share that was broken."""

    number: int
    run: str
    passed: bool
    failing: Mapping[str, float]
    asked: int = 0
    wrong: int = 0
    rows: int = 0
    seconds: float = 0.0


def repair(
    run: Path, out: Path, contracts: Sequence[Contract], scene: Scene, tools: Tools, *, rounds: int, cases: int
) -> list[Round]:
    """Up to `rounds` rounds; the last entry tells how the gate went in the end. Raises UserError for bad input.

    Stops early when the gate passes, when nothing wrong is found to learn from, or when a round made it no better.
    """
    if rounds < 1 or cases < 1:
        raise UserError("--rounds" if rounds < 1 else "--cases", "must be at least 1")
    if out.exists() and any(out.iterdir()):
        raise UserError(f"--out {out}", "the folder is not empty", hint="another --out")
    out.mkdir(parents=True, exist_ok=True)
    done: list[Round] = []
    for number in range(rounds + 1):
        started = time.monotonic()
        place = out / f"round-{number}"
        results = tools.gate(run)
        tools.write_results(results, place / "results.json")
        failing = broken_shares(results)
        last = Round(number, str(run), results.passed, failing)
        if results.passed or number == rounds or (done and not better(done[-1].failing, failing)):
            return _log(out, [*done, last])
        asked = draw(contracts, scene, failing, cases, number, tools.exam(), tools.form)
        rows, wrong = lessons(asked, tools.ask(run, [case for _, case in asked]), tools.pairs_in)
        if not wrong:
            return _log(out, [*done, last])
        write_rows(place / "rows.jsonl", rows)
        tools.train(run, place / "rows.jsonl", place / "run")
        run = place / "run"
        seconds = time.monotonic() - started
        last = Round(number, last.run, False, failing, len(asked), wrong, len(rows), round(seconds, 1))
        done = _log(out, [*done, last])
    raise AssertionError("the last round returns")


def broken_shares(results: Results) -> dict[str, float]:
    """Of each gating contract that did not pass: the share of measured cases that broke it.

    One that failed by what was found and not by what was measured counts as one broken case. What is undecided where
    another contract failed was cut short by that: a statistic, or one that nothing has broken so far, is left out.
    """
    shares = {}
    failed = any(contract.verdict.name == "fail" for contract in results.contracts)
    for contract in results.contracts:
        tally, cut_short = contract.tally, failed and contract.verdict.name == "undecided"
        wrong = tally.trials - tally.held or min(1, tally.found)
        passed = contract.verdict.name == "pass" or (cut_short and (isinstance(contract.bar, Ceiling) or not wrong))
        if contract.bar.gating and not isinstance(contract.bar, NoWorse) and not passed:
            shares[contract.name] = wrong / max(1, tally.trials)
    return shares


def better(before: Mapping[str, float], after: Mapping[str, float]) -> bool:
    """Whether fewer contracts fail, or as many by less."""
    return (len(after), sum(after.values())) < (len(before), sum(before.values()))


def draw(
    contracts: Sequence[Contract],
    scene: Scene,
    failing: Mapping[str, float],
    cases: int,
    number: int,
    exam: Collection[str] = (),
    form: Format | None = None,
) -> list[tuple[Contract, Case]]:
    """Fresh cases as decided by the number of the round, of each contract that failed twice as many as of the others.

    What passed is asked too: adapters that learned of one contract alone broke the next, round after round. A request
    that stands in `exam` is left out: one that only names a tool ("call plan_heating") may, whatever the words.
    """
    if not failing:
        return []
    weights = [2 if contract.name in failing else 1 for contract in contracts]
    shares = [max(1, cases * weight // sum(weights)) for weight in weights]
    seed = f"repair:{number}"
    drawn = [fresh([one], scene, share, seed, exam, form) for one, share in zip(contracts, shares, strict=True)]
    return [asked for some in drawn for asked in some]


def lessons(
    asked: Sequence[tuple[Contract, Case]], replies: Sequence[Reply], pairs_in: Format | None = None
) -> tuple[list[Mapping[str, Any]], int]:
    """Rows with the right answers to all that was asked, and how many of them were answered wrongly.

    With `pairs_in`, the format of the replies, a wrong one becomes a pair with what was said as the rejected answer;
    one that never ended has no place in a pair, and stays a row.
    """
    rows: list[Mapping[str, Any]] = []
    wrong = 0
    for (contract, case), reply in zip(asked, replies, strict=True):
        outcome = contract.judge(case, reply)
        failed = isinstance(outcome, Broken) or (isinstance(outcome, Scored) and not outcome.correct)
        held = isinstance(outcome, Held) or (isinstance(outcome, Scored) and outcome.correct)
        if failed or held:
            paired = pairs_in if failed and pairs_in and ends_once(reply.raw, pairs_in) else None
            rows.append(pair_of(case, reply, paired) if paired else row_of(case))
            wrong += failed
    return rows, wrong


def pair_of(case: Case, reply: Reply, form: Format) -> Mapping[str, Any]:
    """The right answer before the one that was given, as a line of preference pairs."""
    row = row_of(case)
    *prompt, chosen = row["messages"]
    given = {"role": "assistant", "content": "", "wire": {form.name: reply.raw}}
    return {
        "prompt": prompt, "chosen": [chosen], "rejected": [given], "tools": row["tools"], "kind": OWN_FAILURE
    }  # fmt: skip


def _log(out: Path, rounds: list[Round]) -> list[Round]:
    from fixtures.files import write_text

    write_text(out / "repair.jsonl", "".join(json.dumps(asdict(entry)) + "\n" for entry in rounds))
    say(told(rounds[-1]))
    return rounds


def told(entry: Round) -> str:
    """One round in a line for the terminal."""
    failing = ", ".join(f"{name} {share:.1%}" for name, share in entry.failing.items())
    head = f"round {entry.number}: the gate {'passed' if entry.passed else f'did not pass ({failing} broken)'}"
    if not entry.rows:
        return head
    learned = f"{entry.wrong} of {entry.asked} fresh cases went wrong, {entry.rows} rows learned"
    return f"{head}; {learned}, {entry.seconds:.0f} s"


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command line; those of the gate mean what they mean to `pytest --adapter`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="the run folder of the adapter to repair")
    parser.add_argument("--out", type=Path, required=True, help="the folder for rounds, rows and the log")
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, metavar="N", help="at most so many (default: %(default)s)"
    )
    parser.add_argument(
        "--cases", type=int, default=CASES, metavar="N", help="fresh cases a round (default: %(default)s)"
    )
    parser.add_argument(
        "--backend", choices=BACKENDS, default="sft", help="learn right answers (sft), or also unlearn wrong ones (dpo)"
    )
    parser.add_argument("--epochs", type=float, default=1.0, help="of each round's training (default: %(default)s)")
    rates = ", ".join(f"{rate:g} for {name}" for name, rate in BACKENDS.items())
    parser.add_argument("--learning-rate", type=float, help=f"of each round's training (default: {rates})")
    add_gate(parser, *_OF_THE_GATE)


def main(options: argparse.Namespace) -> int:
    """Run the command; 0 if the adapter passes in the end, 1 if not."""
    settings = gate_settings(options, *_OF_THE_GATE)
    tools = _tools(options, settings)
    assert tools.form  # of the adapter
    scene = Drawn.of(settings).scene(tools.form, "train").without_examples(tools.form)
    rounds = repair(options.run, options.out, GATING, scene, tools, rounds=options.rounds, cases=options.cases)
    last = rounds[-1]
    say(
        f"{last.run} {'passes' if last.passed else 'does not pass'}; the rounds stand in {options.out / 'repair.jsonl'}"
    )
    return 0 if last.passed else 1


def _tools(options: argparse.Namespace, settings: Settings) -> Tools:
    """The real gate, engine and SFT."""
    from suite import gate
    from suite.engine import identify
    from suite.gating import open_engine
    from suite.lanes.asking import MAX_NEW_TOKENS, Asker
    from suite.lanes.budget import most_replies
    from suite.results import file as results
    from train.backends.registry import train
    from train.job import Job
    from train.job import Settings as Hyperparameters
    from train.rows.leaks import exam_of, exam_requests

    replies, cache = Replies(sys.stderr), Path(settings.cache)

    def spoken(run: Path) -> dict[str, Any]:
        """What is said of the first adapter's base and format; those that are trained here say it themselves."""
        if run == options.run:
            return {"base": settings.base, "format": settings.format, "given": settings.given}
        return {"base": None, "format": None, "given": NOTHING}

    def run_gate(run: Path) -> Results:
        replies.begin(f"gating {run}, fewer where the case is clear", most_replies(CONTRACTS, settings.budget))
        return gate(run, progress=replies.show, **{**settings.of_the_gate, **spoken(run)})

    def ask(run: Path, cases: Sequence[Case]) -> Sequence[Reply]:
        engine = open_engine(identify(run, **spoken(run)), cache, dtype=settings.dtype)
        replies.begin(f"asking {run} fresh cases", len(cases))
        return Asker(engine, max_new_tokens=MAX_NEW_TOKENS, progress=replies.show).ask(cases, "repairing")

    def train_on(run: Path, data: Path, out: Path) -> None:
        rate = options.learning_rate or BACKENDS[options.backend]
        hyperparameters = Hyperparameters(epochs=options.epochs, learning_rate=rate)
        train(Job(backend=options.backend, data=data, out=out, start=run, settings=hyperparameters, **spoken(run)))

    form = identify(options.run, **spoken(options.run)).format
    exam = partial(exam_requests, exam_of(settings, form), cache / "counterexamples")
    return Tools(
        gate=run_gate, ask=ask, train=train_on, write_results=results.write, exam=exam, form=form,
        pairs_in=form if options.backend == "dpo" else None,
    )  # fmt: skip
