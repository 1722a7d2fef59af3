"""Under which keys a pytest session keeps what belongs to its gate."""

from __future__ import annotations

import pytest

from suite.engine import Target
from suite.exam.own import OwnCases
from suite.exam.scene import Scene
from suite.judging.contract import Contract
from suite.outcome import Results
from suite.replay import Found, Replayed
from suite.settings import Settings

SETTINGS = pytest.StashKey[Settings]()
TARGET = pytest.StashKey[Target]()
CHAMPION = pytest.StashKey[Target | None]()
SCENE = pytest.StashKey[Scene]()
CONTRACTS = pytest.StashKey[tuple[Contract, ...]]()
"""All that may be asked, by the owner's policy."""
OWN = pytest.StashKey[OwnCases]()
FOUND = pytest.StashKey[tuple[Found, ...]]()
"""The counterexample that is asked again, for each contract that it breaks; there only in a session that does that."""
REPLAYED = pytest.StashKey[tuple[Replayed, ...]]()
RESULTS = pytest.StashKey[Results]()
NOT_SPREAD = pytest.StashKey[bool]()
"""There where pytest-xdist was asked to spread a session that gates, and does not."""
