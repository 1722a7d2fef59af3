"""A gate that is killed at any moment leaves no process behind, and costs none of the verdicts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest

from suite import gate
from tests.house.source import ROOT
from tests.suite.engine.local.test_pool import running

KILLS = 20
LATEST_SECONDS = 30.0
"""By then such a gate has loaded its models and asked most of what it asks."""
BUDGET = 40


def children(process: int) -> set[int]:
    """The processes that this one has started, by their numbers."""
    stats = [file for file in Path("/proc").glob("[0-9]*/stat")]
    found = set()
    for file in stats:
        try:
            parent = int(file.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == process:
            found.add(int(file.parent.name))
    return found


@pytest.mark.model
@pytest.mark.nightly
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes where Linux lists them")
def test_a_gate_killed_at_random_moments_leaves_nobody_and_goes_on_to_the_same_verdicts(tmp_path: Path) -> None:
    undisturbed = gate("none", budget=BUDGET, cache=tmp_path / "undisturbed", processes=2)
    rng, cache, seen = Random(0), tmp_path / "killed", 0
    code = f"from pathlib import Path; from suite import gate; gate('none', budget={BUDGET}, processes=2, "
    code += f"cache=Path({str(cache)!r}))"
    for _ in range(KILLS):
        started = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
        until = time.monotonic() + rng.uniform(0.0, LATEST_SECONDS)
        while time.monotonic() < until and started.poll() is None:
            time.sleep(0.05)
        workers = children(started.pid)
        started.send_signal(signal.SIGKILL)
        started.wait()
        seen += len(workers)
        until = time.monotonic() + 2
        while any(map(running, workers)):
            assert time.monotonic() < until, "a worker outlives its gate"
            time.sleep(0.02)
    assert seen > KILLS, "the gates were killed while they had workers"
    after = gate("none", budget=BUDGET, cache=cache, processes=2)
    assert [(c.name, c.verdict.name) for c in after.contracts] == [
        (c.name, c.verdict.name) for c in undisturbed.contracts
    ]
