"""The results as text for a terminal: what was gated and how, the figures, and then what every telling ends with."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import chain

from fixtures.printing import printable
from suite.outcome import Ceiling, ContractResult, Interval, Results
from suite.results.ending import ending
from suite.results.own import own_lines
from suite.results.summary import WIDTH, calibrator_text, draws_text, interval_note, risk_note
from suite.results.wording import percent

DIGEST_LENGTH = 12
COLUMNS = 3
"""Kinds of confidence side by side; of more, a line would be wider than a terminal."""


def render(
    results: Results,
    width: int = WIDTH,
    *,
    colour: bool = False,
    verbose: bool = False,
    said: Sequence[str] = (),
    whole: str = "with -v",
) -> str:
    """The whole gate; prose is wrapped at `width`, replies and commands are left whole so that they can be copied.

    `verbose` shows all figures and every counterexample in full, and `whole` is how a person gets that. `said` stands
    before the verdict, which is the last line.
    """
    blocks = [
        _subject(results, width),
        _legend(results, width),
        *(_measures(contract) for contract in results.contracts if verbose),
        own_lines(results.own, width) if results.own and not verbose else [],
        ending(results, width, colour=colour, verbose=verbose, said=said, whole=whole),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _subject(results: Results, width: int) -> list[str]:
    identity = results.identity
    replies = ", ".join(f"{count} {kind}" for kind, count in results.calls.items())
    rows = [
        ("adapter", f"{identity.adapter} {identity.adapter_digest[:DIGEST_LENGTH]}"),
        ("base", f"{identity.base} {identity.base_digest[:DIGEST_LENGTH]}"),
        ("format", f"{identity.format} {identity.format_digest[:DIGEST_LENGTH]}"),
        *([("template", identity.template)] if identity.template else []),
        *([("dtype", identity.dtype)] if identity.dtype else []),
        *([("mapped by", f"{made[0]} {made[1][:DIGEST_LENGTH]}")] if (made := calibrator_text(results)) else []),
        ("catalogs", ", ".join(f"{name} {digest[:DIGEST_LENGTH]}" for name, digest in results.catalogs.items())),
        ("draws", draws_text(results)),
        ("replies", f"{replies}; {results.seconds:.1f} s, started {results.started}"),
        ("with", ", ".join(f"{name} {version}" for name, version in results.libraries.items())),
    ]
    return list(chain.from_iterable(_wrapped(label, text, width) for label, text in rows))


def _wrapped(label: str, text: str, width: int) -> list[str]:
    start = f"  {label:<9} "
    return textwrap.wrap(printable(text), width, initial_indent=start, subsequent_indent=" " * len(start)) or [start]


def _legend(results: Results, width: int) -> list[str]:
    """How to read the table."""
    contracts = results.contracts
    notes = [risk_note(results), interval_note(contracts)]
    if any(contract.tally.found for contract in contracts):
        notes.append("+N: failures that the search found or that were known before; they enter no rate.")
    drawn = [f"{c.tally.not_applicable} to {printable(c.name)}" for c in contracts if c.tally.not_applicable]
    if drawn:
        notes.append(f"Cases drawn to which a contract does not apply, and that it does not count: {', '.join(drawn)}.")
    indent = "  "
    return [line for n in notes for line in textwrap.wrap(n, width, initial_indent=indent, subsequent_indent=indent)]


def _measures(contract: ContractResult) -> list[str]:
    """Figures over the whole sample: a column for each kind that has a curve, which the pages draw, then the others."""
    in_table = contract.bar.statistic if isinstance(contract.bar, Ceiling) else None
    left = {name: x for name, x in contract.measures.items() if name != in_table}
    if not left:
        return []
    levels = " / ".join(sorted({percent(x.level) for x in left.values()}))
    lines = [f"figures of {printable(contract.name)}, with {levels} intervals:"]
    columns: dict[str, dict[str, Interval]] = {}
    for kind in contract.curves:
        own = [name for name in left if name.startswith(f"{kind} ")]
        columns[kind] = {name.removeprefix(f"{kind} "): left.pop(name) for name in own}
    kinds = [kind for kind, figures in columns.items() if figures]
    for first in range(0, len(kinds), COLUMNS):
        lines += _figures({kind: columns[kind] for kind in kinds[first : first + COLUMNS]})
    return lines + (_figures({"": left}) if left else [])


def _figures(columns: Mapping[str, Mapping[str, Interval]]) -> list[str]:
    """A line a figure, aligned; without names of columns there is no head."""
    names = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    head = ["", *map(printable, columns)]
    rows = [
        [printable(name.replace("_", " ")), *(_cell(figures.get(name)) for figures in columns.values())]
        for name in names
    ]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    shown = [head, *rows] if any(head) else rows
    return ["  ".join(["", *map(str.ljust, row, widths)]).rstrip() for row in shown]


def _cell(figure: Interval | None) -> str:
    return f"{figure.estimate:.3f}  {figure.low:.3f} to {figure.high:.3f}" if figure else "-"
