"""The promises an adapter has to keep, one file each. To add one: copy a file, and add it to the tuple below."""

from suite.contract import Contract
from suite.contracts.calibrated_confidence import calibrated_confidence
from suite.contracts.chooses_a_tool import chooses_a_tool
from suite.contracts.never_hallucinates_tools import never_hallucinates_tools
from suite.contracts.valid_calls import valid_calls

CONTRACTS: tuple[Contract, ...] = (chooses_a_tool, never_hallucinates_tools, valid_calls, calibrated_confidence)

__all__ = ["CONTRACTS"]
