"""Calibrated confidence.

Two figures are asked: the likelihood the model gave to its reply, and what the reply says of itself in formats that
have such a field. The bar is on the one that users act on: the verbalised figure where there is one.
"""

from __future__ import annotations

from collections.abc import Sequence

from fixtures.types import Case
from suite.calibration import calibration
from suite.cases import answers, clear_or_absent
from suite.contract import Statistics, contract
from suite.outcome import Bin, Ceiling, Interval, Outcome, Reply, Scored


def summarise(scored: Sequence[Scored], seed: int, level: float) -> Statistics:
    """Expected calibration error, Brier score and reliability curve, for each kind of confidence apart.

    A reply without the figure (it did not parse) counts as one of confidence 1 for `ece`: a caller who gets no figure
    has nothing to hesitate by.
    """
    measures: dict[str, Interval] = {}
    curves: dict[str, Sequence[Bin]] = {}
    for kind in sorted({kind for s in scored for kind in s.confidence}):
        pairs = [(s.confidence.get(kind, 1.0), s.correct) for s in scored]
        figures = calibration([c for c, _ in pairs], [r for _, r in pairs], seed=seed, level=level)
        measures |= {f"{kind} {name}": interval for name, interval in figures.measures.items()}
        curves[kind] = figures.curve
    acted_on = "verbalised" if "verbalised" in curves else "likelihood"
    measures["ece"] = measures[f"{acted_on} ece"]
    return Statistics(measures, curves)


@contract(cases=clear_or_absent, bar=Ceiling("ece", at_most=0.15), summarise=summarise)
def calibrated_confidence(case: Case, reply: Reply) -> Outcome:
    """How sure a reply is tells how often such replies are right."""
    confidence = {"likelihood": reply.likelihood}
    if reply.parsed.confidence is not None:
        confidence["verbalised"] = reply.parsed.confidence
    right = reply.parsed.status in ("clean", "no_call") and answers(case, reply.parsed.calls)
    return Scored(confidence, right)
