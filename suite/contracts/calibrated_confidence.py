"""Calibrated confidence.

Two figures are asked: the likelihood the model gave to its reply, and what the reply says of itself in formats that
have such a field. The bar is on the one that users act on: what the adapter's calibrator makes of it, or else the
verbalised figure where there is one. The likelihood of the tool's name and of the values are measured apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from fixtures.types import Case
from suite.calibration import calibration, conversation_of
from suite.exam.answers import answers
from suite.exam.cases import clear_or_absent
from suite.judging.contract import Statistics, contract
from suite.outcome import Bin, Ceiling, Interval, NotApplicable, Outcome, Scored
from suite.reply import Reply

ACTED_ON = ("calibrated", "verbalised", "likelihood")
"""Kinds of confidence; the first that is there is the one that users act on."""
Pair = tuple[float, bool, str]
"""Confidence, whether that was right, and the conversation."""


def summarise(scored: Sequence[Scored], seed: int, level: float) -> Statistics:
    """Calibration figures and reliability curve, for each kind of confidence and each part of the reply apart.

    A reply without the figure (it did not parse) counts as one of confidence 1: a caller who gets no figure has nothing
    to hesitate by. Parts are of replies that have them.
    """
    units = [s.unit or str(number) for number, s in enumerate(scored)]
    told = list(zip(scored, units, strict=True))
    kinds = [kind for kind in ACTED_ON if any(kind in s.confidence for s in scored)]
    parts = sorted({part for s in scored for part in s.parts})
    samples: dict[str, list[Pair]] = {
        k: [(s.confidence.get(k, 1.0), s.correct, unit) for s, unit in told] for k in kinds
    }
    samples |= {part: [(*s.parts[part], unit) for s, unit in told if part in s.parts] for part in parts}
    measures: dict[str, Interval] = {}
    curves: dict[str, Sequence[Bin]] = {}
    for name, sample in samples.items():
        confidence, correct, unit = zip(*sample, strict=True)
        figures = calibration(confidence, correct, units=unit, seed=seed, level=level)
        measures |= {f"{name} {figure}": interval for figure, interval in figures.measures.items()}
        curves[name] = figures.curve
    measures["ece"] = measures[f"{kinds[0]} ece"]
    return Statistics(measures, curves)


@contract(cases=clear_or_absent, bar=Ceiling("ece", at_most=0.15), summarise=summarise)
def calibrated_confidence(case: Case, reply: Reply) -> Outcome:
    """How sure a reply is tells how often such replies are right."""
    if case.oracle.calls is None:
        return NotApplicable("nobody knows the right answer")
    confidence = reply.confidence
    if reply.calibrated is not None:
        confidence["calibrated"] = reply.calibrated
    readable = reply.parsed.status in ("clean", "no_call")
    right = readable and answers(case, reply.parsed.calls)
    return Scored(confidence, right, parts_of(case, reply), conversation_of(case))


def parts_of(case: Case, reply: Reply) -> dict[str, tuple[float, bool]]:
    """How sure the reply is of the tools that it names, and, where these are right, of the values it gives them.

    Where nothing fits, the catalog's policy says which name is right, and values are not asked for.
    """
    parts: dict[str, tuple[float, bool]] = {}
    calls, wanted = reply.parsed.calls, case.oracle.calls or ()
    named = sorted(call.name for call in calls) == sorted(call.name for call in wanted)
    if reply.tool_choice is not None:
        parts["tool choice"] = (reply.tool_choice, named if wanted else answers(case, calls))
    if reply.argument_values is not None and wanted and named:
        parts["argument values"] = (reply.argument_values, answers(case, calls))
    return parts
