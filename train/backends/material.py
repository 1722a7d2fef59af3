"""What a checked job holds, before and after its run folder is open: what `prepare` makes and every backend takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fixtures.bases import Base
from fixtures.formats import Format
from fixtures.rows.reading import Row
from suite.engine.target.identify import Target
from train.backends.run import Run
from train.job import Job
from train.rows.mask import Example


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A checked job: its rows, and the same rows as ids and labels; `start` is the adapter that it goes on from.

    `forms` counts the rows of the file that can be trained on by the form that they were read in.
    """

    job: Job
    base: Base
    format: Format
    tokenizer: Any
    rows: tuple[Row, ...]
    examples: tuple[Example, ...]
    left_out: tuple[int, ...]
    start: Target | None = None
    forms: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared(Material):
    """Material with an open run folder."""

    run: Run
