"""How every telling of a gate ends, in the order in which it matters: what was measured, what closes the gate, what
does not gate and looks bad, what to do next, and the verdict as the last line."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from fixtures.printing import printable
from suite.outcome import Counterexample, Results
from suite.results.cases import SHORT_ID, case_id
from suite.results.languages import example_lines
from suite.results.own import contrary_text, own_lines, own_notes
from suite.results.summary import (
    closes_gate,
    counterexample_lines,
    headline,
    message_text,
    policy_text,
    readings_text,
    standing,
    verdict_word,
)
from suite.results.table import BAD, looks_bad, painted, table
from suite.results.tools import tool_lines
from suite.results.wording import percent

_INDENT = 13
_LEAST_ASKED, _MOST_SAID = 30, 44  # letters of a counterexample in one line


def ending(
    results: Results,
    width: int,
    *,
    colour: bool = False,
    verbose: bool = False,
    said: Sequence[str] = (),
    whole: str = "with -v",
) -> list[str]:
    """The lines; prose is wrapped at `width`, replies and commands are left whole so that they can be copied.

    `verbose` shows every counterexample in full, and `whole` is how a person gets that. `said` is what the teller has
    to say before the verdict.
    """
    bad = looks_bad(results.contracts)
    own = results.own
    blocks = [
        table(results.contracts, width, colour=colour),
        textwrap.wrap(readings_text(results), width),
        *_closing(results, width, colour, "" if verbose else whole),
        list(_aside(results, width, "" if verbose else whole)),
        textwrap.wrap(f"Not gating, and kept in less than {percent(BAD)}: {bad}", width) if bad else [],
        textwrap.wrap(policy_text(results), width),
        example_lines(results, width, whole=verbose),
        tool_lines(results, width, whole=verbose),
        own_lines(own, width) if own and verbose else [],
        own_notes(own, width) if own else [],
        *_warnings(results, width),
        list(said),
        [verdict_line(results, colour=colour)],
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block).split("\n")


def _warnings(results: Results, width: int) -> Iterator[list[str]]:
    """What to think of rows that were trained on, or that contradict each other."""
    own, examples = results.own, results.examples
    told = [f"the own cases: {own.trained}"] if own and own.trained else []
    told += [f"the own cases: {contrary_text(places)}" for places in (own.contrary if own else ())]
    told += [f"the examples: {examples.trained}"] if examples and examples.trained else []
    yield from (textwrap.wrap(printable(f"Warning about {text}."), width) for text in told)


def verdict_line(results: Results, *, colour: bool = False) -> str:
    """The verdict of the whole gate, what it took, and how many replies were asked for anew."""
    replies = ", ".join(f"{count:,} {kind}" for kind, count in results.calls.items() if count)
    head = painted(headline(results), "pass" if results.passed else "fail", colour)
    bad = looks_bad(results.contracts)
    head += f"; not gating and below {percent(BAD)}: {bad}" if bad and results.passed else ""
    beside = sum(not contract.bar.gating for contract in results.contracts)
    rest = f"; {beside} other{'s' * (beside > 1)} measured, not judged" if beside else ""
    return f"{head}: {standing(results)}{rest} ({results.seconds:.1f} s, replies: {replies or 'none'})"


def _closing(results: Results, width: int, colour: bool, whole: str) -> Iterator[list[str]]:
    """What closes the gate, and why, each with its smallest counterexample."""
    closing = [contract for contract in results.contracts if closes_gate(contract)]
    for place, contract in enumerate(closing):
        text = printable(f"{contract.name}: {contract.verdict.reason}")
        word = painted(verdict_word(contract).ljust(_INDENT - 4), contract.verdict.name, colour)
        wrapped = textwrap.wrap(text, width - _INDENT)
        lines = ["What closes the gate:"] if not place else []
        lines += [f"  {word}  {wrapped[0]}", *(" " * _INDENT + line for line in wrapped[1:])]
        shown = contract.counterexamples[:1] if whole else contract.counterexamples
        for number, example in enumerate(shown, results.first_number(contract)):
            lines += ["", *counterexample_lines(example, number)]
        left = len(contract.counterexamples) - len(shown)
        lines += [f"  {left} more {whole}"] if left else []
        yield lines


def _aside(results: Results, width: int, whole: str) -> Iterator[str]:
    """A counterexample of each contract that does not close the gate: a line each, in full where that is wanted."""
    broken = [contract for contract in results.contracts if contract.counterexamples and not closes_gate(contract)]
    if not broken:
        return
    yield "Also broken, without closing the gate" + (f" (in full {whole})" if whole else "") + ":"
    for contract in broken:
        for number, example in enumerate(contract.counterexamples, results.first_number(contract)):
            if whole:
                yield "  " + _in_brief(example, number, width - 2)
            else:
                yield from ("", *counterexample_lines(example, number))


def _in_brief(example: Counterexample, number: int, width: int) -> str:
    """Its number, its ID, and what was asked, got and wanted, in one line; the request gives way where it gets long."""
    asked = message_text(example.case.messages[-1]) if example.case.messages else ""
    if example.case.variant:
        asked = example.case.variant.case.request
    end = f": got {_cut(example.got, _MOST_SAID)}, wanted {_cut(example.wanted, _MOST_SAID)}"
    begin = f"{number}. {case_id(example.case)[:SHORT_ID]} {example.contract}"
    room = max(_LEAST_ASKED, width - len(begin) - len(end) - 4)
    return printable(f'{begin}: "{_cut(asked, room)}"{end}')


def _cut(text: str, most: int) -> str:
    """The text on one line, of so many letters at most."""
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 3]}..."
