"""What is raised where a gate came to its verdict and the disk failed afterwards."""

from __future__ import annotations

from fixtures.errors import UserError
from suite.outcome import Results


class Unwritten(UserError):
    """A gate came to its verdict, and something that it should leave behind could not be written."""

    def __init__(self, error: UserError, results: Results) -> None:
        super().__init__(error.where, error.problem, allowed=error.allowed, hint=error.hint)
        self.results = results
