"""Whether a reply to a training row is good: the gate's own contracts, asked of the row's label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from fixtures.formats import Format
from fixtures.formats.wire import Tools
from fixtures.types import Case
from suite.contracts.grounded_arguments import grounded_arguments
from suite.contracts.never_hallucinates_tools import never_hallucinates_tools
from suite.contracts.right_arguments import right_arguments
from suite.contracts.right_tool import right_tool
from suite.contracts.stops_and_stays_short import stops_and_stays_short
from suite.contracts.valid_calls import valid_calls
from suite.judging.contract import Contract
from suite.outcome import Broken, Held
from suite.reply import Generation, Reply

JUDGES: tuple[Contract, ...] = (
    valid_calls,
    never_hallucinates_tools,
    right_tool,
    right_arguments,
    grounded_arguments,
    stops_and_stays_short,
)
"""Those that judge a single reply to any row; together they let pass what is clean, right and grounded only."""


def broken(case: Case, reply: Reply) -> tuple[str, ...]:
    """The names of the contracts that the reply breaks; none if it is good."""
    return tuple(contract.name for contract in JUDGES if isinstance(contract.judge(case, reply), Broken))


def counts(judged: Iterable[tuple[Case, Reply]]) -> Mapping[str, tuple[int, int]]:
    """By contract, how many replies keep it, and about how many it says anything."""
    total = {contract.name: [0, 0] for contract in JUDGES}
    for case, reply in judged:
        for contract in JUDGES:
            outcome = contract.judge(case, reply)
            total[contract.name][0] += isinstance(outcome, Held)
            total[contract.name][1] += isinstance(outcome, Held | Broken)
    return {name: (held, asked) for name, (held, asked) in total.items()}


def written(text: str, form: Format, tools: Tools = ()) -> Reply:
    """A reply that nobody generated: this text on the wire, stop token included, where these tools are declared."""
    return Reply(Generation(text, (), "stop"), form.parse(text, tools))
