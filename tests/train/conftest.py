"""In which arithmetic these tests train: the same on every machine, whatever `precision auto` finds there."""

from __future__ import annotations

import pytest

from fixtures.cores import BFLOAT16


@pytest.fixture(params=["0", "1"], ids=["float32", "bfloat16"])
def either_arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test runs on a machine without bfloat16 arithmetic, and on one that has it."""
    monkeypatch.setenv(BFLOAT16, request.param)


@pytest.fixture(autouse=True)
def plain_arithmetic(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Float32 for all tests that do not ask for both."""
    if "either_arithmetic" not in request.fixturenames:
        monkeypatch.setenv(BFLOAT16, "0")
