"""A clock that is set back meanwhile spoils neither the seconds nor the file."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from suite import gate
from suite.engine import ScriptedEngine
from suite.lanes import run
from suite.results import file as results_file


def test_a_clock_that_is_set_back_an_hour_leaves_seconds_and_a_readable_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    asked: list[int] = []

    def answer(prompt: str) -> str:
        asked.append(1)
        return "no<end_of_turn>"

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2026, 1, 1, 12, tzinfo=UTC) - timedelta(hours=1 if asked else 0)

    monkeypatch.setattr(time, "time", lambda: real() - 3600 * bool(asked))
    monkeypatch.setattr(run, "datetime", Clock)
    results = gate(None, budget=20, engine=ScriptedEngine(answer), cache=tmp_path)
    assert asked
    assert results.seconds >= 0
    assert results.started == "2026-01-01T12:00:00+00:00"
    results_file.write(results, tmp_path / "results.json")
    assert results_file.read(tmp_path / "results.json").seconds == results.seconds
