"""A gate's verdict for GitHub Actions: a Markdown summary of the job, and an error line for what closes the gate.

The forms are those of "Workflow commands for GitHub Actions" in GitHub's documentation.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from fixtures.printing import one_line
from suite.outcome import ContractResult, Counterexample, Results
from suite.results.cases import SHORT_ID, case_id
from suite.results.summary import closes_gate, headline, policy_text, share_range, standing
from suite.results.table import BAD, bar_on_scale, cases_text, in_order, kept, looks_bad
from suite.results.wording import percent, percent_seen

SUMMARY = "GITHUB_STEP_SUMMARY"


def told_to_github(results: Results, environment: Mapping[str, str] = os.environ) -> list[str]:
    """The error lines of a run under GitHub Actions, having added to the job's summary; nothing anywhere else."""
    if environment.get("GITHUB_ACTIONS") != "true":
        return []
    if place := environment.get(SUMMARY):
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(markdown(results))
    return errors(results)


def errors(results: Results) -> list[str]:
    """One workflow command for each contract that closes the gate."""
    closing = [contract for contract in results.contracts if closes_gate(contract)]
    return [
        f"::error title={_property(f'callproof {c.name}')}::{_data(f'{c.name}: {c.verdict.reason}')}" for c in closing
    ]


def markdown(results: Results) -> str:
    """The verdict as Markdown, in the order of the page: what closes the gate, what looks bad, all contracts, and the
    counterexamples of those that close it."""
    closing = [contract for contract in results.contracts if closes_gate(contract)]
    gating, others = in_order(results.contracts)
    lines = [f"## callproof: {headline(results)}", "", f"{_cell(results.identity.adapter)}: {standing(results)}.", ""]
    if closing:
        lines += ["What closes the gate:", *(f"- **{_cell(c.name)}**: {_cell(c.verdict.reason)}" for c in closing), ""]
    if bad := looks_bad(results.contracts):
        lines += [f"Not gating, and kept in less than {percent(BAD)}: {_cell(bad)}.", ""]
    if told := policy_text(results):
        lines += [_cell(told), ""]
    lines += ["| contract | verdict | kept | interval | cases | bar |", "| --- | --- | --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(map(_cell, _row(contract)))} |" for contract in (*gating, *others)]
    for contract in closing:
        if contract.counterexamples:
            lines += ["", f"Counterexamples of {_cell(contract.name)}:"]
            lines += [_asked(example) for example in contract.counterexamples]
    return "\n".join(lines) + "\n\n"


def _asked(example: Counterexample) -> str:
    return f"- {case_id(example.case)[:SHORT_ID]} {_cell(example.case.request)}: got {_cell(example.got)}"


def _row(contract: ContractResult) -> tuple[str, ...]:
    figure = kept(contract)
    bar = bar_on_scale(contract.bar) if contract.bar.gating else "does not gate"
    shown = (percent_seen(figure.estimate), share_range(figure)) if figure else ("-", "")
    return contract.name, contract.verdict.name, *shown, cases_text(contract), bar


def _cell(text: str) -> str:
    """Text that is no markup, on one line: names, requests and replies come from anywhere."""
    plain = one_line(text)
    for mark, instead in (("&", "&amp;"), ("<", "&lt;"), ("|", "\\|"), ("`", "'"), ("[", "\\["), ("*", "\\*")):
        plain = plain.replace(mark, instead)
    return plain


def _data(text: str) -> str:
    """The message of a workflow command, in which a line break would begin another command."""
    return one_line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
