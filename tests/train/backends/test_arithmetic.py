"""In which arithmetic an adapter is trained: what `--precision` says, or, by itself, what the machine is fast in."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.cores import BFLOAT16
from train.job import Settings


@pytest.mark.parametrize("machine", ["0", "1"], ids=["without bfloat16", "with bfloat16"])
@pytest.mark.parametrize(("precision", "taken"), [("fp32", False), ("bf16", True), ("auto", None)])
def test_auto_goes_by_the_machine_and_the_others_do_not(machine, precision, taken, monkeypatch):
    from train.backends.learning import arguments

    monkeypatch.setenv(BFLOAT16, machine)
    job = SimpleNamespace(settings=Settings(precision=precision))
    work: Any = SimpleNamespace(job=job, run=SimpleNamespace(checkpoints=Path("checkpoints")))
    assert arguments(work)["bf16"] is (machine == "1" if taken is None else taken)
