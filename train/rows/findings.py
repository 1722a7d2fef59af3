"""What a check of training data finds: a value a finding, in three groups by what it does to the adapter."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Group: TypeAlias = Literal["breaks training", "teaches the fault", "worth knowing"]
GROUPS: tuple[Group, ...] = ("breaks training", "teaches the fault", "worth knowing")
LINES_SHOWN = 8
ENTRIES_SHOWN = 20
"""Of a group, on the terminal; a file of which every row is broken would fill it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found, the lines of the file it is about (none if it is about the whole), and what to do."""

    group: Group
    rule: str
    text: str
    lines: tuple[int, ...] = ()
    cure: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)


def lines_text(lines: Sequence[int]) -> str:
    """`line 3`, or `lines 3, 7 and 12 more`."""
    if not lines:
        return ""
    shown = ", ".join(map(str, lines[:LINES_SHOWN]))
    more = f" and {len(lines) - LINES_SHOWN} more" if len(lines) > LINES_SHOWN else ""
    return f"line{'s' if len(lines) > 1 else ''} {shown}{more}"


def share(part: int, whole: int) -> str:
    """A share in percent with both counts."""
    return f"{part / whole:.0%} ({part} of {whole})"


def listing(findings: Sequence[Finding], width: int = 100) -> str:
    """The findings by group, as text for a terminal."""
    blocks = []
    for group in GROUPS:
        own = [finding for finding in findings if finding.group == group]
        if own:
            entries = [_entry(finding, width) for finding in own[:ENTRIES_SHOWN]]
            more = [f"  and {len(own) - ENTRIES_SHOWN} more; --json FILE has all"] if len(own) > ENTRIES_SHOWN else []
            blocks.append("\n".join([group.upper(), *entries, *more]))
    return "\n\n".join(blocks) or "nothing found"


def _entry(finding: Finding, width: int) -> str:
    where = lines_text(finding.lines)
    parts = [finding.text, *([where] if where else []), *([f"cure: {finding.cure}"] if finding.cure else [])]
    title, indent = f"  {finding.rule:<22} ", " " * 25
    texts = [textwrap.wrap(part, width - len(indent)) or [""] for part in parts]
    rows = [line for text in texts for line in text]
    return "\n".join([title + rows[0], *(indent + row for row in rows[1:])])


def to_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """The findings as JSON, with all lines."""
    return [
        {
            "group": f.group, "rule": f.rule, "text": f.text, "lines": list(f.lines), "cure": f.cure,
            "figures": dict(f.figures),
        }
        for f in findings
    ]  # fmt: skip
