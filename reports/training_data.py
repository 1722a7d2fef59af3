"""The page's section on training data: what `python -m train check DATA --json FILE` found before training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from fixtures.errors import UserError
from fixtures.reading.strict import read_json
from reports.html import Html, join, tag

NAME = "check.json"
"""Looked for beside a results file."""
LINES_SHOWN = 8
GROUPS = {"breaks training": "fail", "teaches the fault": "undecided", "worth knowing": "measured"}
"""The groups of findings, and the colour of each."""

Check: TypeAlias = Mapping[str, Any]


def read_check(file: Path) -> Check:
    """What a check wrote; raises UserError if the file cannot be read as such."""
    hint = "write it with: python -m train check DATA --json FILE"
    try:
        found = read_json(file, own=True)
    except UserError as error:
        raise UserError(error.where, error.problem, hint=hint) from None
    problem = _problem(found)
    if problem:
        raise UserError(str(file), problem, allowed="what train check --json writes", hint=hint)
    checked: Check = found
    return checked


def _problem(found: Any) -> str:
    if not isinstance(found, dict):
        return "this is no check of training data"
    for key, kind in (("data", dict), ("findings", list), ("advice", dict), ("tokens", dict)):
        if not isinstance(found.get(key), kind):
            return f"it has no `{key}`"
    for number, finding in enumerate(found["findings"]):
        if not isinstance(finding, dict) or finding.get("group") not in GROUPS:
            return f"/findings/{number} is no finding"
    return ""


def section(check: Check) -> Html:
    """The findings by group, the token budget and the advice."""
    data, tokens, advice = check["data"], check["tokens"], check["advice"]
    digest = str(data.get("digest", ""))[:12]
    told = f"{data.get('rows', 0)} rows, {tokens.get('total', 0):,} tokens, the longest {tokens.get('longest', 0):,}"
    groups = [_group(group, [f for f in check["findings"] if f["group"] == group]) for group in GROUPS]
    reasons = [tag("li", str(reason)) for reason in advice.get("reasons", ())]
    return tag(
        "section",
        tag("h2", "Training data"),
        tag("p", tag("code", str(data.get("path", ""))), " ", tag("code", digest, class_="digest"), f": {told}"),
        *(groups if check["findings"] else [tag("p", "Nothing was found.", class_="muted")]),
        tag("h4", f"Ready for: {advice.get('phase', '')}"),
        tag("ul", *reasons) if reasons else Html(""),
    )


def _group(group: str, findings: Sequence[Mapping[str, Any]]) -> Html:
    if not findings:
        return Html("")
    title = tag("h4", tag("span", group, class_=f"pill {GROUPS[group]}"))
    return join(title, tag("ul", *(_finding(finding) for finding in findings)))


def _finding(finding: Mapping[str, Any]) -> Html:
    lines = list(finding.get("lines", ()))
    shown = ", ".join(map(str, lines[:LINES_SHOWN])) + (
        f" and {len(lines) - LINES_SHOWN} more" if len(lines) > LINES_SHOWN else ""
    )
    cure = str(finding.get("cure", ""))
    return tag(
        "li",
        tag("strong", str(finding.get("rule", ""))),
        f": {finding.get('text', '')}",
        tag("span", f"line{'s' if len(lines) > 1 else ''} {shown}", class_="muted block") if lines else Html(""),
        tag("span", f"Cure: {cure}", class_="muted block") if cure else Html(""),
    )
