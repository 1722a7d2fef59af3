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
from suite.results.summary import bar_text, closes_gate, deciding_figure, headline, policy_text, share_range, standing
from suite.results.table import looks_bad

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
    """The verdict as Markdown: what closes the gate first, then all contracts."""
    lines = [f"## callproof: {headline(results)}", "", f"{_cell(results.identity.adapter)}: {standing(results)}.", ""]
    if bad := looks_bad(results.contracts):
        lines += [f"Not gating, and looks bad: {_cell(bad)}.", ""]
    if told := policy_text(results):
        lines += [_cell(told), ""]
    lines += ["| contract | verdict | kept | interval | bar |", "| --- | --- | --- | --- | --- |"]
    lines += [f"| {' | '.join(map(_cell, _row(contract)))} |" for contract in results.contracts]
    for contract in results.contracts:
        if closes_gate(contract):
            lines += ["", f"**{contract.name}**: {_cell(contract.verdict.reason)}"]
            lines += [
                f"- {case_id(e.case)[:SHORT_ID]} {_cell(e.case.request)}: got {_cell(e.got)}"
                for e in contract.counterexamples
            ]
    return "\n".join(lines) + "\n\n"


def _asked(example: Counterexample) -> str:
    return f"- {case_id(example.case)[:SHORT_ID]} {_cell(example.case.request)}: got {_cell(example.got)}"


def _row(contract: ContractResult) -> tuple[str, ...]:
    figure, tally = deciding_figure(contract), contract.tally
    bar = bar_text(contract.bar) if contract.bar.gating else "does not gate"
    interval = share_range(figure) if figure else ""
    return contract.name, contract.verdict.name, f"{tally.held} of {tally.trials}", interval, bar


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
