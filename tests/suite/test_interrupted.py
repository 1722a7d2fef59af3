"""A gate that is killed midway goes on from the replies it had: with a real engine, and no chance to say goodbye."""

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from suite import gate
from suite.engine.store import TABLE

ROOT = Path(__file__).resolve().parents[2]


def stored(folder):
    file = folder / "replies" / "replies.sqlite"
    if not file.exists():
        return 0
    with closing(sqlite3.connect(file)) as connection:
        known = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", [TABLE]).fetchone()[0]
        return connection.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0] if known else 0


@pytest.mark.model
def test_a_killed_gate_loses_no_finished_reply(tmp_path):
    code = f"from pathlib import Path; from suite import gate; gate('none', budget=40, cache=Path({str(tmp_path)!r}))"
    running = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
    deadline = time.monotonic() + 120
    while stored(tmp_path) < 20 and running.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    running.kill()
    assert running.wait(10) == -9, "the gate ended before it could be killed"
    finished = stored(tmp_path)
    again = gate("none", budget=40, cache=tmp_path)
    assert again.calls["cached"] >= finished >= 20
    assert again.calls["generated"] > 0
