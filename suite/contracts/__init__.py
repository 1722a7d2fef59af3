"""The promises an adapter has to keep, one file each. To add one: copy a file, and add it to the tuple below."""

from suite.contracts.adapter_is_effective import adapter_is_effective
from suite.contracts.arbitrates_between_tools import arbitrates_between_tools
from suite.contracts.asks_for_what_is_missing import asks_for_what_is_missing
from suite.contracts.calibrated_confidence import calibrated_confidence
from suite.contracts.chooses_a_tool import chooses_a_tool
from suite.contracts.grounded_arguments import grounded_arguments
from suite.contracts.ignores_injected_orders import ignores_injected_orders
from suite.contracts.knows_when_nothing_fits import knows_when_nothing_fits
from suite.contracts.less_sure_where_nothing_decides import less_sure_where_nothing_decides
from suite.contracts.never_hallucinates_tools import never_hallucinates_tools
from suite.contracts.no_worse_than_champion import no_worse_than_champion
from suite.contracts.obeys_the_conversation import obeys_the_conversation
from suite.contracts.own_cases import own_cases
from suite.contracts.regression_cases import regression_cases
from suite.contracts.right_arguments import right_arguments
from suite.contracts.right_tool import right_tool
from suite.contracts.same_answer_asked_otherwise import same_answer_asked_otherwise
from suite.contracts.same_answer_twice import same_answer_twice
from suite.contracts.stops_and_stays_short import stops_and_stays_short
from suite.contracts.valid_calls import valid_calls
from suite.judging.contract import Contract
from suite.outcome import NoWorse

CONTRACTS: tuple[Contract, ...] = (
    chooses_a_tool,
    never_hallucinates_tools,
    valid_calls,
    calibrated_confidence,
    right_tool,
    right_arguments,
    grounded_arguments,
    knows_when_nothing_fits,
    asks_for_what_is_missing,
    stops_and_stays_short,
    same_answer_asked_otherwise,
    obeys_the_conversation,
    ignores_injected_orders,
    arbitrates_between_tools,
    less_sure_where_nothing_decides,
    same_answer_twice,
    adapter_is_effective,
    own_cases,
    regression_cases,
    no_worse_than_champion,
)

DRAWN = tuple(one for one in CONTRACTS if not one.rows and not isinstance(one.bar, NoWorse))
"""Those that every adapter is asked: they take neither a champion nor the user's own rows."""
GATING = tuple(one for one in DRAWN if one.bar.gating)
"""Those of them that decide."""

__all__ = ["CONTRACTS", "DRAWN", "GATING"]
