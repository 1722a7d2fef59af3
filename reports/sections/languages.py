"""The page's section on examples: what the rows were used for, and what was kept by where the words come from."""

from __future__ import annotations

from typing import Any

from suite.outcome import Results
from suite.results.languages import aside_texts, examples_heading, language_rows, unjudged_texts


def section(results: Results) -> dict[str, Any] | None:
    """What the section shows; None of results without examples."""
    read = results.examples
    if read is None:
        return None
    names, rows = language_rows([contract for contract in results.contracts if contract.languages])
    return {
        "note": examples_heading(read).removeprefix("Examples: "),
        "trained": read.trained,
        "notes": [*aside_texts(read), *unjudged_texts(read.unjudged)],
        "head": ("Contract", *names),
        "rows": rows,
    }
