"""From a job to what a backend trains on: everything is checked here, before a weight is loaded."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.formats.found import record
from fixtures.rows.checks import Fault
from fixtures.rows.reading import Row, digest
from fixtures.versions import installed
from suite.engine.target.identify import identify
from suite.engine.target.recorded import FOUND
from train.backends.material import Material, Prepared
from train.backends.run import LIBRARIES, Run, check_free, open_run, write_cost
from train.backends.start import find_start, lora_of, told
from train.job import Job, as_json, check
from train.processes import count, is_main
from train.rows.catalog import declared_tools
from train.rows.data import Checked, accept, read_rows
from train.rows.encoding import encode_all
from train.rows.mask import Example, load_tokenizer, one_answer_each, show
from train.rows.survey import is_grounded
from train.screen import say

_GREEN, _PLAIN = "\x1b[1;32m", "\x1b[0m"


def prepare(job: Job) -> Prepared:
    """Check a job to its last row, show one row with its mask, and open the run folder; raises UserError."""
    return open_work(gather(job, every_answer=True))


def gather(job: Job, *, every_answer: bool = False) -> Material:
    """Check a job to its last row; nothing is written yet. Raises UserError.

    With `every_answer`, all answers of a row are learned, from rows of their own where the template writes them
    otherwise once more follow; else nothing is asked of a row but its last answer.
    """
    for settings in (job.settings, job.own):
        if settings is not None:
            check(settings)
    check_free(job.out, resume=job.resume)
    start = find_start(job)
    if start:
        job = replace(job, settings=lora_of(start, job.settings))
    spoken = start or identify(None, job.base, job.format, given=job.given)
    form, base = spoken.format, spoken.base
    catalog = declared_tools(job.tools)
    read = read_rows(job.data, form, catalog, trust_calls=job.trust_calls, context_field=job.context_field)
    rows = accept(job.data, read, skip=job.skip_bad_rows, say=say)
    rows = _grounded(job, rows) if job.drop_ungrounded else rows
    rows = _one_answer_each(rows, form) if every_answer else rows
    tokenizer = load_tokenizer(base.path, form)
    fitting, examples, faults = _encode_all(rows, form, tokenizer, job.settings.max_length)
    kept = accept(job.data, Checked(fitting, faults), skip=job.skip_bad_rows, say=say)
    left_out = tuple(sorted(fault.line for fault in (*read.faults, *faults)))
    return Material(
        job=job, base=base, format=form, tokenizer=tokenizer, rows=kept, examples=examples, left_out=left_out,
        start=start, forms={seen.form: seen.rows for seen in read.forms},
    )  # fmt: skip


def open_work(material: Material, more: Mapping[str, Any] | None = None) -> Prepared:
    """Show one row with its mask and open the run folder; `more` stands with the other facts in settings.json."""
    job, form, tokenizer, examples = material.job, material.format, material.tokenizer, material.examples
    facts = {
        "backend": job.backend,
        "settings": as_json(job),
        "processes": count(),
        "data": {
            "path": str(job.data),
            "tools": job.tools,
            "digest": digest(material.rows),
            "rows": len(material.rows),
            "left_out": material.left_out,
            "forms": dict(material.forms),
            "trust_calls": job.trust_calls,
            "context_field": job.context_field,
            "drop_ungrounded": job.drop_ungrounded,
        },
        "base": {"name": material.base.name, "digest": material.base.digest},
        "format": {"name": form.name, "digest": form.digest, **({FOUND: record(form)} if form.source else {})},
        "libraries": installed(*LIBRARIES),
        "start": told(material.start),
        **(more or {}),
    }
    run = open_run(job.out, facts, show(examples[0], tokenizer) + "\n", resume=job.resume)
    # Beside the checkpoints, which go when the adapter is there. The callback has no argument for it.
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(run.folder / "tensorboard")
    _tell(job, run, examples, show(examples[0], tokenizer, *_marks()))
    return Prepared(**{f.name: getattr(material, f.name) for f in fields(Material)}, run=run)


def _grounded(job: Job, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """The rows that make no value up; raises UserError if none is left."""
    kept = tuple(row for row in rows if is_grounded(row))
    say(f"left out {len(rows) - len(kept)} of {len(rows)} rows with values that nobody said (--drop-ungrounded)")
    if not kept:
        hint = f"put what the values are taken from into the prompt with --context-field; see train check {job.data}"
        raise UserError(f"--data {job.data}", "every row has values that nobody said", hint=hint)
    return kept


def _one_answer_each(rows: tuple[Row, ...], form: Format) -> tuple[Row, ...]:
    made = tuple(part for row in rows for part in one_answer_each(row, form))
    if len(made) > len(rows):
        say(
            f"{len(rows)} rows became {len(made)} of one answer each: the template writes an answer otherwise once more"
            " follow"
        )
    return made


def carry_out(job: Job, build: Callable[[Prepared], Any]) -> Path:
    """Prepare, train with what `build` makes of it, and return the adapter's folder; the same for all backends."""
    return finish(prepare(job), build)


def finish(work: Prepared, build: Callable[[Prepared], Any]) -> Path:
    """Train with what `build` makes of the work, unless that was done, and return the adapter's folder."""
    if not work.run.finished:
        # Not at the top: this is what loads torch, and everything can be refused before that.
        from train.backends.learning import fit, memory_of_all, part

        started = time.monotonic()
        fit(work, build(work))
        peak = memory_of_all()
        part()
        if is_main():
            write_cost(work.run, time.monotonic() - started, peak)
    return work.run.adapter


def side_by_side(work: Prepared) -> Prepared:
    """For several processes, which wait for each other after every step: rows of like length in the same step.

    The seed decides the order of the steps; it is the same in all epochs. Not transformers' `group_by_length`, which
    takes the longest of 50 steps first: an adapter that learned so kept the schema in 752 of 797 `valid_calls` cases,
    one that learned in this order in 762 of 798; two adapters, so it may be chance.
    """
    if count() == 1:
        return work
    settings, lengths = work.job.settings, [len(example.ids) for example in work.examples]
    ordered = sorted(range(len(lengths)), key=lambda row: lengths[row])
    size = count() * settings.batch_size
    steps = [ordered[start : start + size] for start in range(0, len(ordered) - size + 1, size)]
    random.Random(settings.seed).shuffle(steps)
    order = [row for step in steps for row in step] + ordered[len(steps) * size :]
    return replace(work, rows=tuple(work.rows[i] for i in order), examples=tuple(work.examples[i] for i in order))


def _encode_all(
    rows: tuple[Row, ...], form: Format, tokenizer: Any, max_length: int
) -> tuple[tuple[Row, ...], tuple[Example, ...], tuple[Fault, ...]]:
    """The rows that fit, their examples, and what is wrong with the other rows."""
    encoded = list(zip(rows, encode_all(rows, form, tokenizer, max_length), strict=True))
    fitting = [(row, found) for row, found in encoded if isinstance(found, Example)]
    faults = tuple(found for _, found in encoded if isinstance(found, Fault))
    return tuple(row for row, _ in fitting), tuple(example for _, example in fitting), faults


def _marks() -> tuple[str, str]:
    return (_GREEN + "⟦", "⟧" + _PLAIN) if sys.stdout.isatty() else ("⟦", "⟧")


def _tell(job: Job, run: Run, examples: tuple[Example, ...], shown: str) -> None:
    lengths = sorted(len(example.ids) for example in examples)
    data = run.facts["data"]["digest"][:12]
    say(f"{job.out}: {len(examples)} rows of {lengths[0]} to {lengths[-1]} tokens, data {data}")
    say(f"the first row; the loss falls on what stands between the marks:\n{shown}")
