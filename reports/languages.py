"""The page's section on examples: what the rows were used for, and what was kept by where the words come from."""

from __future__ import annotations

from collections.abc import Iterator

from reports.html import Html, tag
from reports.tables import table
from suite.outcome import Results
from suite.results.languages import aside_texts, examples_heading, language_rows, unjudged_texts


def section(results: Results) -> Html:
    """The section, of results that have examples."""
    read = results.examples
    assert read is not None
    warning = tag("p", tag("strong", "Warning: "), f"{read.trained}.") if read.trained else Html("")
    notes = [tag("p", f"{text}.") for text in (*aside_texts(read), *unjudged_texts(read.unjudged))]
    heading = f"{examples_heading(read).removeprefix('Examples: ')}."
    return tag(
        "section", tag("h2", "Examples"), tag("p", heading, class_="standing"), warning, tag("div", *notes),
        *_by_language(results),
    )  # fmt: skip


def _by_language(results: Results) -> Iterator[Html]:
    names, rows = language_rows([contract for contract in results.contracts if contract.languages])
    if rows:
        title = "Kept, by where the words come from"
        yield tag("div", tag("h3", title), table(("Contract", *names), rows, "numbers"))
