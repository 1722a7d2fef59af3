"""The page's section on training data: what `python -m train check DATA --json FILE` found before training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from fixtures.errors import UserError
from fixtures.reading.strict import read_json

NAME = "check.json"
"""Looked for beside a results file."""
LINES_SHOWN = 8
BREAKING = "breaks training"
GROUPS = {BREAKING: "fail", "teaches the fault": "undecided", "worth knowing": "measured"}
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


def section(check: Check | None) -> dict[str, Any] | None:
    """What the section shows: the findings by group, the token budget and the advice; None without a check."""
    if check is None:
        return None
    data, tokens, advice, findings = check["data"], check["tokens"], check["advice"], check["findings"]
    total, longest = (_count(tokens, name) for name in ("total", "longest"))
    counts = [(group, sum(one["group"] == group for one in findings)) for group in GROUPS]
    found = ", ".join(f"{count} {group}" for group, count in counts if count)
    return {
        "note": f"findings: {found}" if found else "nothing was found",
        "path": str(data.get("path", "")),
        "digest": str(data.get("digest", ""))[:12],
        "told": f"{data.get('rows', 0)} rows, {total} tokens, the longest {longest}",
        "groups": [
            (group, verdict, [_finding(one) for one in findings if one["group"] == group])
            for group, verdict in GROUPS.items()
            if any(one["group"] == group for one in findings)
        ],
        "phase": str(advice.get("phase", "")),
        "reasons": [str(reason) for reason in advice.get("reasons", ())],
    }


def _count(tokens: Mapping[str, Any], name: str) -> str:
    found = tokens.get(name, 0)
    return f"{found:,}" if isinstance(found, int | float) else str(found)


def _finding(finding: Mapping[str, Any]) -> dict[str, str]:
    lines = list(finding.get("lines", ()))
    shown = ", ".join(map(str, lines[:LINES_SHOWN])) + (
        f" and {len(lines) - LINES_SHOWN} more" if len(lines) > LINES_SHOWN else ""
    )
    return {
        "rule": str(finding.get("rule", "")),
        "text": str(finding.get("text", "")),
        "lines": f"line{'s' if len(lines) > 1 else ''} {shown}" if lines else "",
        "cure": str(finding.get("cure", "")),
    }
