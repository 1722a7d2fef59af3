"""Less sure where nothing decides.

Each request that two tools serve alike is paired with a clear one on the same tools. Which tool is called is neither
right nor wrong; that the reply is as sure as ever is what misleads whoever acts on its confidence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fixtures.types import Case
from suite.contracts.calibrated_confidence import ACTED_ON
from suite.exam.arbitration import undecided
from suite.judging.contract import Statistics, contract
from suite.outcome import Interval, NotApplicable, Outcome, ReportOnly, Scored
from suite.reply import Reply

VISIBLE = 0.1
"""The least drop of confidence that a person or a threshold notices."""
RESAMPLES = 1000
_ON_CLEAR = " on the clear request"


def summarise(scored: Sequence[Scored], seed: int, level: float) -> Statistics:
    """How much lower confidence is than on the clear request of the same pair, for each kind that both replies have."""
    measures: dict[str, Interval] = {}
    for kind in sorted({kind for s in scored for kind in s.confidence if kind + _ON_CLEAR in s.confidence}):
        pairs = [(s.confidence[kind + _ON_CLEAR], s.confidence[kind]) for s in scored if kind in s.confidence]
        measures[f"{kind} lower by"] = mean_drop([clear - open_ for clear, open_ in pairs], seed, level)
    return Statistics(measures, {})


def mean_drop(drops: Sequence[float], seed: int, level: float) -> Interval:
    """The mean of differences between -1 and 1, with percentile ends of a bootstrap of the pairs.

    One imaginary pair stands beside them, as low as can be for the low end and as high for the high one: without it,
    pairs that happen to be all alike would give an interval of no width (see suite/calibration/resampling.py).
    """
    values = np.asarray(drops, dtype=np.float64)
    chance = np.full(values.size + 1, 1 / (values.size + 1))
    counts = np.random.default_rng(seed).multinomial(values.size, chance, RESAMPLES)
    low, high = (counts @ np.append(values, extreme) / values.size for extreme in (-1.0, 1.0))
    mean, tail = float(values.mean()), (1 - level) / 2
    ends = float(np.quantile(low, tail)), float(np.quantile(high, 1 - tail))
    return Interval(mean, min(mean, ends[0]), max(mean, ends[1]), level)


@contract(cases=undecided, bar=ReportOnly(), summarise=summarise, sample=40)
def less_sure_where_nothing_decides(case: Case, reply: Reply) -> Outcome:
    """A reply is visibly less sure where nothing decides between two tools than on a clear request for one of them."""
    if case.oracle.calls is not None or reply.other is None:
        return NotApplicable("something decides, or there is no clear request to compare with")
    ours, clear = _confidence(reply), _confidence(reply.other)
    both = {kind: confidence for kind, confidence in ours.items() if kind in clear}
    acted_on = next(kind for kind in ACTED_ON if kind in both)
    paired = both | {kind + _ON_CLEAR: clear[kind] for kind in both}
    return Scored(paired, clear[acted_on] - ours[acted_on] >= VISIBLE)


def _confidence(reply: Reply) -> Mapping[str, float]:
    """The kinds of confidence, and that in the choice of the tool alone, where the reply has them."""
    more = {"calibrated": reply.calibrated, "tool choice": reply.tool_choice}
    return reply.confidence | {kind: confidence for kind, confidence in more.items() if confidence is not None}
