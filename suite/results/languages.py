"""Where the words of the exam came from, as plain lines; the plugin and the reports print them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from fixtures.printing import one_line
from suite.outcome import ContractResult, Results
from suite.results.wording import percent_seen
from suite.user_rows import ExampleReport, Unjudged

SHORT = ("right_tool", "right_arguments")
"""Beside the contracts that gate, those that a short telling has by language."""


LANGUAGES = {
    "examples": "from your examples",
    "phrases": "from the catalog's phrases",
    "descriptions": "made from name and description",
    "drawn": "drawn with the tool",
    "exam": "the exam's own",
}
"""Where the words of a request come from, as a person is told."""


def example_lines(results: Results, width: int, *, whole: bool) -> list[str]:
    """What the rows that are examples were used for, and what was kept by language; `whole` has all contracts, and
    languages too where there are no examples."""
    if results.examples is None:
        return list(_table([c for c in results.contracts if c.languages])) if whole else []
    lines = textwrap.wrap(f"{examples_heading(results.examples)}.", width)
    for text in (*aside_texts(results.examples), *unjudged_texts(results.examples.unjudged)):
        lines += textwrap.wrap(f"{text}.", width, initial_indent="  ", subsequent_indent="  ")
    chosen = [c for c in results.contracts if c.languages and (whole or c.bar.gating or c.name in SHORT)]
    return lines + list(_table(chosen))


def examples_heading(read: ExampleReport) -> str:
    """The rows in one sentence, without its stop."""
    files = ", ".join(map(one_line, read.files))
    by = [name for name, language in read.tools.items() if language == "examples"]
    tools = "tool is" if len(by) == 1 else "tools are"
    told = f"Examples: {len(by)} {tools} asked for in {read.sentences} sentences of {files}"
    none = f"; {read.no_call} more ask for no tool" if read.no_call else ""
    return f"{told}, {read.slotted} of them with other values too{none}"


def aside_texts(read: ExampleReport) -> list[str]:
    """Rows that are not used, and tools that are asked for otherwise; each in a short text."""
    texts = []
    if read.aside:
        why = ", ".join(f"{count} that {reason}" for reason, count in read.aside.items())
        texts.append(f"Left aside of {read.rows} rows: {why}")
    others: dict[str, list[str]] = {}
    for name, language in read.tools.items():
        if language != "examples":
            others.setdefault(language, []).append(one_line(name))
    texts += [
        f"Without examples, and asked for by {language}: {', '.join(names)}" for language, names in others.items()
    ]
    return texts


def unjudged_texts(unjudged: Unjudged) -> list[str]:
    """What was not judged because nobody said it, in a sentence without its stop; none if everything was."""
    if not unjudged.requests:
        return []
    told = ", ".join(f"{one_line(name)} {count}" for name, count in unjudged.arguments.items())
    return [
        f"In {unjudged.requests} of {unjudged.asked} requests an argument was not judged because nobody said it: {told}"
    ]


def language_rows(contracts: Sequence[ContractResult]) -> tuple[list[str], list[tuple[str, ...]]]:
    """The languages that were measured, and for each contract how much of each was kept."""
    names = list(dict.fromkeys(part.name for contract in contracts for part in contract.languages))
    rows = []
    for contract in contracts:
        parts: Mapping[str, str] = {
            part.name: f"{percent_seen(part.rate.estimate)} of {part.trials}" for part in contract.languages
        }
        rows.append((one_line(contract.name), *(parts.get(name, "-") for name in names)))
    return names, rows


def _table(contracts: Sequence[ContractResult]) -> Iterator[str]:
    names, rows = language_rows(contracts)
    if not rows:
        return
    cells = [("kept, by where the words come from", *names), *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names) + 1)]
    yield from ("  " + "  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)
