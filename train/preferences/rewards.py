"""What a reply is worth, from 0 to 1: the gate's own contracts as rewards, so that training and gate cannot disagree.

A contract that says nothing about a reply without calls counts as kept there; were it 0, calling anything at all would
pay better than to say that nothing fits. A reply that cannot be read earns nothing anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from fixtures.catalogs import SpokenCatalog
from fixtures.types import Case
from suite.contracts.calibrated_confidence import calibrated_confidence
from suite.contracts.grounded_arguments import grounded_arguments
from suite.contracts.never_hallucinates_tools import never_hallucinates_tools
from suite.contracts.right_arguments import right_arguments
from suite.contracts.right_tool import right_tool
from suite.contracts.valid_calls import valid_calls
from suite.judging.contract import Contract
from suite.outcome import Held, NotApplicable, Scored
from suite.reply import Reply
from train.preferences.energy import choice_in

Reward: TypeAlias = Callable[[Case, Reply], float | None]
"""None where the reward has nothing to say about the request, whatever the reply; TRL leaves it out of the sum then."""


def parses(case: Case, reply: Reply) -> float:
    """The reply ends by itself and is what the format allows: calls, or an abstention."""
    return float(reply.generation.finish == "stop" and reply.parsed.status in ("clean", "no_call"))


def declared(case: Case, reply: Reply) -> float:
    """It calls declared tools only."""
    return _kept(never_hallucinates_tools, case, reply)


def schema(case: Case, reply: Reply) -> float:
    """It parses clean, and the arguments keep the schema of their tool."""
    return _kept(valid_calls, case, reply, without_calls=1.0)


def tool(case: Case, reply: Reply) -> float:
    """It calls the tool that the request is for, and no other; none, if nothing fits."""
    return _kept(right_tool, case, reply)


def arguments(case: Case, reply: Reply) -> float:
    """It is the right call to the last argument."""
    return _kept(right_arguments, case, reply)


def grounded(case: Case, reply: Reply) -> float:
    """No argument is made up."""
    return _kept(grounded_arguments, case, reply, without_calls=1.0)


def calibrated(case: Case, reply: Reply) -> float:
    """One minus the squared distance between the confidence that the reply states and whether it is right (Brier).

    A reply without the figure is taken for one that is certain, as in the contract.
    """
    outcome = calibrated_confidence.judge(case, reply)
    if not isinstance(outcome, Scored):
        return 0.0
    return float(1 - (outcome.confidence.get("verbalised", 1.0) - outcome.correct) ** 2)


def energy(case: Case, reply: Reply, catalogs: Sequence[SpokenCatalog] | None = None) -> float | None:
    """Of the tools that could serve it calls the one that costs least; asked only where the cost decides.

    What could serve, and at what cost, is read from the catalogs, by default the hotel's.
    """
    choice = choice_in(case, catalogs)
    if choice is None:
        return None
    return choice.worth([call.name for call in reply.parsed.calls]) if reply.parsed.status == "clean" else 0.0


REWARDS: Mapping[str, Reward] = {
    "parses": parses, "declared": declared, "schema": schema, "tool": tool, "arguments": arguments,
    "grounded": grounded, "calibrated": calibrated, "energy": energy,
}  # fmt: skip
"""By the name that the training log has for it and `--weight-NAME` sets the weight of."""


def _kept(contract: Contract, case: Case, reply: Reply, *, without_calls: float = 0.0) -> float:
    """1 if the contract holds, 0 if it is broken; `without_calls` if it says nothing because nothing is called."""
    if reply.parsed.status == "undecodable":
        return 0.0
    outcome = contract.judge(case, reply)
    if isinstance(outcome, NotApplicable):
        return 0.0 if reply.parsed.calls else without_calls
    return float(isinstance(outcome, Held))
