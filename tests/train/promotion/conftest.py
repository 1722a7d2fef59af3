"""A bench of its own for every test, and keys that are nobody's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.train.promotion.bench import Bench


@pytest.fixture(autouse=True)
def own_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLPROOF_KEYS", str(tmp_path / "keys"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
