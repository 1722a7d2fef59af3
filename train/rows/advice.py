"""Which phase of training this data is ready for, and why not the next: each rule with the number that triggered it.

The phases are those of the users' roadmap: plain Trainer with LoRA, the same data through TRL's SFTTrainer, negatives
and ambiguous requests and confidence targets, preference training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fixtures.rows.reading import Row
from train.rows.findings import Finding

PHASES = (
    "1: plain Trainer with LoRA (python -m train trainer)",
    "2: the same rows through TRL (python -m train sft)",
    "3: negatives, ambiguous requests and confidence targets",
    "4: preference training",
)
TRUSTED = 0.02
"""Of the rows with contradictory or made-up labels: above it, preferences would be learned from wrong labels."""
DOUBTFUL = ("contradiction", "ungrounded argument")
MANY_ROWS = 1000
"""Fewer rows carry a fine-tuning, but hardly a held-out set and preference pairs beside it."""


@dataclass(frozen=True, slots=True)
class Advice:
    """The phase (1 to 4) that the data is ready for, and what keeps it from the next, with numbers."""

    phase: int
    reasons: tuple[str, ...]

    @property
    def text(self) -> str:
        if not self.phase:
            return "\n".join(["ready for no phase:", *(f"  - {reason}" for reason in self.reasons)])
        lines = [f"ready for phase {PHASES[self.phase - 1]}"]
        if self.reasons:
            lines += [f"not yet for phase {PHASES[self.phase]}:", *(f"  - {reason}" for reason in self.reasons)]
        return "\n".join(lines)


def advise(rows: Sequence[Row], findings: Sequence[Finding], *, gpu: bool) -> Advice:
    """Follow the phases as far as the findings allow."""
    broken = {line for f in findings if f.group == "breaks training" for line in f.lines}
    if not rows:
        return Advice(0, (f"none of the {len(broken)} rows can be trained on",))
    # Rows that break training are left out by --skip-bad-rows, so phase 1 is open as soon as any row is good.
    if broken:
        return Advice(1, (f"{len(broken)} of {len(rows) + len(broken)} rows have format errors",))
    third = _before_third(rows)
    if third:
        return Advice(2, third)
    fourth = _before_fourth(rows, findings, gpu)
    return Advice(3, fourth) if fourth else Advice(4, ())


def _before_third(rows: Sequence[Row]) -> tuple[str, ...]:
    """What phase 3 needs and the rows do not have."""
    answers = [row.messages[-1] for row in rows]
    negatives = sum(not answer.get("tool_calls") for answer in answers)
    unsure = sum(answer.get("confidence", 1) < 0.7 for answer in answers)
    targets = sum("confidence" in answer for answer in answers)
    return tuple(
        f"{count} of {len(rows)} rows {what}"
        for count, what in (
            (negatives, "are requests that nothing fits"),
            (unsure, "are ambiguous requests (a confidence target below 0.7)"),
            (targets, "have a confidence target"),
        )
        if not count
    )


def _before_fourth(rows: Sequence[Row], findings: Sequence[Finding], gpu: bool) -> tuple[str, ...]:
    wrong = [f for f in findings if f.group == "teaches the fault" and f.rule in DOUBTFUL]
    doubtful = len({line for finding in wrong for line in finding.lines})
    reasons = []
    if doubtful / len(rows) > TRUSTED:
        reasons.append(f"the labels are not to be trusted: {doubtful} of {len(rows)} rows contradict or make up values")
    if len(rows) < MANY_ROWS:
        reasons.append(f"{len(rows)} rows are under {MANY_ROWS}")
    if not gpu:
        reasons.append("0 GPUs: on a processor, preference training is for small bases only")
    return tuple(reasons)
