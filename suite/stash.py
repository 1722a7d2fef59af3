"""Under which keys a pytest session keeps what belongs to its gate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from suite.settings import Settings

if TYPE_CHECKING:
    from suite.outcome import Results

SETTINGS = pytest.StashKey[Settings]()
RESULTS: pytest.StashKey[Results] = pytest.StashKey()
NOT_SPREAD = pytest.StashKey[bool]()
"""There where pytest-xdist was asked to spread a session that gates, and does not."""
