"""`python -m train check DATA`: whether rows are fit to train on, and what they would teach. Trains nothing."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.bases import resolve_base
from fixtures.errors import UserError
from fixtures.files import check_free, write_text
from fixtures.formats import FORMATS, Format, load_format
from fixtures.formats.found import Given
from fixtures.printing import printable
from fixtures.progress import Share
from fixtures.rows.checks import Fault
from fixtures.rows.reading import Row, digest
from suite.engine.target.template import AUTO, found_format
from suite.gating import Drawn
from train.job import Settings
from train.rows.advice import Advice, advise
from train.rows.catalog import declared_tools
from train.rows.data import Seen, read_rows
from train.rows.encoding import encode_all
from train.rows.findings import GROUPS, Finding, listing, to_json
from train.rows.leaks import add_exam, exam_settings, leaks
from train.rows.mask import Example, load_tokenizer, show
from train.rows.survey import survey
from train.rows.unseen import unseen_parameters
from train.screen import say

ABOUT = "check training data: what breaks training, what teaches faults, what is worth knowing; trains nothing"
_REPORT = re.compile(r'\{\s*"data": \{\s*"path": ')
"""How a report as JSON begins."""
SECONDS_A_TOKEN = 1 / 2000
"""Of training the embedded base on two cores: 237,713 tokens of 400 hotel rows, twice, took 244 s with start-up."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found in a file."""

    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]
    advice: Advice
    tokens: tuple[int, ...]
    """Of each row that can be trained on, in the file's order."""
    preview: str
    forms: tuple[Seen, ...] = ()
    format: str = ""
    """Which format was found, where, and what it loses; empty if it was named."""

    @property
    def broken(self) -> bool:
        return any(finding.group == "breaks training" for finding in self.findings)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DATA", help="the rows, as for training")
    parser.add_argument("--tools", help="tools for rows without their own: a file or a shipped catalog's name")
    parser.add_argument(
        "--format", default=FORMATS[0], choices=(*FORMATS, AUTO), help="the wire format (default: %(default)s); "
        "auto: that of the base's own chat template, whose traps are told"
    )  # fmt: skip
    parser.add_argument("--base", default="tiny", help="whose tokens are counted (default: tiny)")
    for option, metavar, told in (
        ("--chat-template", "FILE", "this template instead of the base's own"),
        ("--template-kwargs", "JSON", 'given to the template, such as {"enable_thinking": false}'),
        ("--system", "TEXT", "the system message that production puts first"),
    ):
        parser.add_argument(option, metavar=metavar, help=f"for --format auto: {told}")
    parser.add_argument("--max-length", type=int, default=Settings().max_length, help="tokens a row may have")
    parser.add_argument("--context-field", default="", help="a field of each row that goes into the prompt")
    add_exam(parser)
    parser.add_argument("--catalog", action="append", default=[], help="a catalog of that exam; repeatable")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings there as JSON")
    parser.add_argument("--overwrite", action="store_true", help="write it over a file that is no such report")


def main(options: argparse.Namespace) -> int:
    """Print the report; returns 1 if something breaks training. Raises UserError for input that cannot be read."""
    if options.json:
        check_free(options.json, options.overwrite, lambda text: _REPORT.match(text) is not None)
    report = examine(options)
    say(f"{options.data}: {len(report.rows)} rows can be trained on")
    say("".join(f"  read as {seen.text}\n" for seen in report.forms))
    if report.format:
        say(printable(f"  written as {report.format}\n"))
    say(printable(listing(report.findings)) + "\n")
    if report.tokens:
        say(
            f"{budget_text(report.tokens, Settings().epochs)}\nthe first row; what is learned stands between the marks:"
        )
        say(report.preview + "\n")
    say(report.advice.text)
    if options.json:
        write_text(options.json, json.dumps(as_json(options.data, report), indent=2, ensure_ascii=False) + "\n")
    return int(report.broken)


def examine(options: argparse.Namespace) -> Report:
    """Read, encode and survey a file."""
    exam, known = exam_settings(options, options.catalog)
    base = resolve_base(options.base)
    form, told_of = _format_of(options, base.path)
    catalog = declared_tools(options.tools)
    read = read_rows(options.data, form, catalog, context_field=options.context_field, progress=told("read"))
    tokenizer = load_tokenizer(base.path, form)
    encoded = encode_all(read.rows, form, tokenizer, options.max_length, told("tokenised"))
    rows = tuple(row for row, found in zip(read.rows, encoded, strict=True) if isinstance(found, Example))
    examples = [found for found in encoded if isinstance(found, Example)]
    faults = [*read.faults, *(found for found in encoded if isinstance(found, Fault))]
    findings = broken(faults)
    if rows:
        findings += [*survey(rows, told("compared"))]
        findings += unseen_parameters(rows, form)
        own = [one.case for one in Drawn.of(exam).own(form).rows]
        findings += leaks(rows, exam.seed, exam.catalog, known, exam.made_up, exam.as_deployed, exam.examples, own)
    preview = show(examples[0], tokenizer) if examples else ""
    ordered = tuple(sorted(findings, key=lambda finding: GROUPS.index(finding.group)))
    lengths = tuple(len(e.ids) for e in examples)
    return Report(rows, ordered, advise(rows, ordered, gpu=has_gpu()), lengths, preview, read.forms, told_of)


def _format_of(options: argparse.Namespace, base: Path) -> tuple[Format, str]:
    """The format that rows are written in, and what is to be told of it; UserError for each trap of a template."""
    given = Given(options.chat_template, options.template_kwargs, options.system)
    if options.format != AUTO:
        if given:
            where = "--chat-template, --template-kwargs, --system"
            raise UserError(where, f"a format of its own template was named: {options.format}", hint="--format auto")
        return load_format(options.format), ""
    found = found_format([base], given)
    if not found:
        raise UserError("--format auto", f"no chat template is in {base}", hint="--chat-template FILE")
    return found


def told(what: str) -> Callable[[float], None]:
    """How much of the rows is read, tokenised, ..., on standard error."""
    return Share(sys.stderr, f"rows {what}").show


def broken(faults: Sequence[Fault]) -> list[Finding]:
    """One finding a row that cannot be trained on."""
    ordered = sorted(faults, key=lambda fault: fault.line)
    return [Finding("breaks training", "broken row", fault.text, (fault.line,)) for fault in ordered]


def has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def budget_text(tokens: Sequence[int], epochs: float) -> str:
    """Tokens of the rows, and how long training on them will take."""
    minutes = sum(tokens) * epochs * SECONDS_A_TOKEN / 60
    ordered = sorted(tokens)
    return (
        f"{len(tokens)} rows of {ordered[0]} to {ordered[-1]} tokens (median {ordered[len(ordered) // 2]}), "
        f"{sum(tokens):,} in all; {epochs:g} epochs on the embedded base take about {minutes:.1f} minutes on two cores"
    )


def as_json(data: Path, report: Report) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "data": {"path": str(data), "digest": digest(report.rows), "rows": len(report.rows)},
        **({"format": report.format} if report.format else {}),
        "forms": [{"form": seen.form, "rows": seen.rows, "converted": dict(seen.notes)} for seen in report.forms],
        "findings": to_json(report.findings),
        "advice": {"phase": report.advice.phase, "reasons": list(report.advice.reasons)},
        "tokens": {"total": sum(report.tokens), "longest": max(report.tokens, default=0)},
    }
