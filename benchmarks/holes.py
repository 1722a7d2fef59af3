"""`python -m benchmarks.holes [--runs N]`: how often a planted hole is found, and how often chance is taken for one.

No model: the replies are prose, which breaks no promise about made-up tools, but where the planted fault says so. Each
adapter is gated by `never_hallucinates_tools` alone, with the default budget and exam, under N fresh seeds.

- *a name of two halves*: asked for something whose name's first word begins one declared tool and whose last word ends
  another, it calls the tool of these two halves, which is not declared
- *a word in 2 % of requests* (0.5 %), *a value in 0.5 %*: it makes a tool up wherever the request has this one: that
  of the words that are in no value (or of the values) of 2,000 drawn requests whose share is nearest to this
- *by chance*: it makes a tool up in so many cases, decided by the prompt and so without any reason in it; a hole here
  is a false alarm

The first table confirms finds: of each adapter up to 40 of the drawn cases in which it fails, as they were drawn. The
second has whole gates, in which a fault that the sample shows needs no search.

    | planted | cases that fail | finds | holes | of 24 neighbours fail: least | median |
    | planted | passed | failed | by a hole | by the sample alone | undecided | replies |
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from random import Random

from fixtures.choosing import SeededChooser
from fixtures.formats import load_format
from fixtures.grammar.values import spoken_name
from fixtures.types import Case
from suite import gate
from suite.contracts.never_hallucinates_tools import never_hallucinates_tools
from suite.engine import ScriptedEngine
from suite.exam.scene import Scene
from suite.lanes.asking import MAX_NEW_TOKENS, Asker
from suite.lanes.neighbours import confirmed
from suite.outcome import Counterexample, Results

PROSE = "None of these tools can do that.<end_of_turn>"
CALL = "<start_function_call>call:{n}{{}}<end_function_call><start_function_response>"
_DECLARED = re.compile(r"declaration:([^{]+)\{")
_REQUEST = re.compile(r"<start_of_turn>user\n(.*?)<end_of_turn>", re.DOTALL)
_WORD = re.compile(r"\b[a-z]{3,}\b")
FINDS = 40
DRAWN = 2_000
"""Requests that words and values are counted in."""
Made = Callable[[str, int], str]
"""The tool that a prompt has the adapter make up under a seed; empty where it does not."""


@dataclass(frozen=True, slots=True)
class Planted:
    """One adapter: what is wrong with it, and the tool that it makes up."""

    name: str
    made: Made


def request_of(prompt: str) -> str:
    """The last request of a prompt."""
    last: str = _REQUEST.findall(prompt)[-1]
    return last.casefold()


def two_halves(prompt: str, seed: int) -> str:
    """A name whose first half begins one declared tool and whose second half ends another, where it is asked for."""
    said = set(_WORD.findall(request_of(prompt)))
    names = dict.fromkeys(_DECLARED.findall(prompt))
    halves = [spoken_name(name.rpartition(".")[2]).casefold().split() for name in names]
    for first, last in permutations([half for half in halves if len(half) > 1], 2):
        both = {first[0], last[-1]}
        # What one tool has both halves of asks for that one.
        if both <= said and f"{first[0]}_{last[-1]}" not in names and not any(both <= set(one) for one in halves):
            return f"{first[0]}_{last[-1]}"
    return ""


def wherever(text: str) -> Made:
    """A tool made up wherever the request has this text as a word."""
    told = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    return lambda prompt, seed: "nowhere" if told.search(request_of(prompt)) else ""


def by_chance(share: float) -> Made:
    """A tool made up in this share of prompts."""
    return lambda prompt, seed: "nowhere" if Random(f"{seed}:{prompt}").random() < share else ""


def drawn_cases() -> list[Case]:
    """Cases of the default exam, none of which any gate below draws."""
    scene = Scene.on()
    return [never_hallucinates_tools.draw(scene, SeededChooser(f"holes:{n}")) for n in range(DRAWN)]


def nearest(cases: list[Case], told: Callable[[Case], Iterator[str]], share: float) -> str:
    """The text that the share of cases that tell it is nearest to this."""
    counts = Counter(text for case in cases for text in set(told(case)))
    return min(sorted(counts), key=lambda text: abs(counts[text] / len(cases) - share))


def _values(case: Case) -> Iterator[str]:
    """The texts among the values that the last request says."""
    arguments = case.absent.arguments if case.absent else next((c.arguments for c in case.oracle.calls or ()), {})
    told = [value.casefold() for value in arguments.values() if isinstance(value, str)]
    yield from (value for value in told if value in case.request.casefold())


def adapters() -> list[Planted]:
    """All that is planted."""
    cases = drawn_cases()
    in_values = {word for case in cases for value in _values(case) for word in _WORD.findall(value)}

    def words(case: Case) -> Iterator[str]:
        yield from (word for word in _WORD.findall(case.request.casefold()) if word not in in_values)

    word, rare, value = nearest(cases, words, 0.02), nearest(cases, words, 0.005), nearest(cases, _values, 0.005)
    return [
        Planted("a name of two halves", two_halves),
        Planted(f"a word in 2 % of requests ({word!r})", wherever(word)),
        Planted(f"a word in 0.5 % of requests ({rare!r})", wherever(rare)),
        Planted(f"a value in 0.5 % of requests ({value!r})", wherever(value)),
        *(Planted(f"by chance, {share:.2%}", by_chance(share)) for share in (0.0015, 0.002)),
    ]


def prompts_of(cases: list[Case]) -> list[str]:
    """What an adapter is asked in these cases."""
    form = load_format("functiongemma")
    return [form.render(case.messages, case.catalog.declarations(), prompt=True).text for case in cases]


def finds_row(planted: Planted, cases: list[Case], prompts: list[str]) -> str:
    """How many cases the adapter fails in, and what comes of confirming these."""
    scene = Scene.on()
    failing = [case for case, prompt in zip(cases, prompts, strict=True) if planted.made(prompt, 0)]
    asker = Asker(engine_of(planted, 0), max_new_tokens=MAX_NEW_TOKENS)
    finds = [
        Counterexample(never_hallucinates_tools.name, case, "", "", "", "search", False, "") for case in failing[:FINDS]
    ]
    found = confirmed(never_hallucinates_tools, finds, asker, scene)
    beside = [one.broken_beside for one in found]
    told = (min(beside), f"{statistics.median(beside):g}") if beside else ("-", "-")
    counts = (len(found), sum(one.is_hole for one in found), *told)
    return f"| {planted.name} | {len(failing) / len(cases):.2%} | {' | '.join(map(str, counts))} |"


def engine_of(planted: Planted, seed: int) -> ScriptedEngine:
    """The adapter, as it answers under this seed."""

    def answer(prompt: str) -> str:
        made = planted.made(prompt, seed)
        return CALL.format(n=made) if made else PROSE

    return ScriptedEngine(answer)


def gated(planted: Planted, seed: int) -> Results:
    """One gate of this adapter, with nothing known from earlier ones."""

    with tempfile.TemporaryDirectory() as cache:
        engine = engine_of(planted, seed)
        return gate("none", engine=engine, contracts=[never_hallucinates_tools], seed=seed, cache=Path(cache))


def gates_row(planted: Planted, results: list[Results]) -> str:
    """The line of the table."""
    contracts = [one.contracts[0] for one in results]
    verdicts = Counter(contract.verdict.name for contract in contracts)
    holes = sum(any(example.is_hole for example in contract.counterexamples) for contract in contracts)
    sample = sum(
        contract.verdict.name == "fail" and not any(example.is_hole for example in contract.counterexamples)
        for contract in contracts
    )
    replies = statistics.median(one.calls["generated"] for one in results)
    counts = (verdicts["pass"], verdicts["fail"], holes, sample, verdicts["undecided"], f"{replies:.0f}")
    return f"| {planted.name} | {' | '.join(map(str, counts))} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.holes", description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="gates of each adapter, each with its own seed")
    parser.add_argument("--only", default="", metavar="TEXT", help="those whose name has this")
    options = parser.parse_args()
    chosen = [planted for planted in adapters() if options.only in planted.name]
    cases = drawn_cases()
    prompts = prompts_of(cases)
    _head("planted | cases that fail | finds | holes | of 24 neighbours fail: least | median")
    for planted in chosen:
        sys.stdout.write(finds_row(planted, cases, prompts) + "\n")
        sys.stdout.flush()
    sys.stdout.write("\n")
    _head("planted | passed | failed | by a hole | by the sample alone | undecided | replies")
    for planted in chosen if options.runs else ():
        results = [gated(planted, seed) for seed in range(1, options.runs + 1)]
        sys.stdout.write(gates_row(planted, results) + "\n")
        sys.stdout.flush()


def _head(text: str) -> None:
    sys.stdout.write(f"| {text} |\n|{' --- |' * (text.count('|') + 1)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
