"""A run that was killed goes on from its last checkpoint, and one that is finished gives its adapter back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.train.backends.test_backends import BUILD, ROOT, contents, job, losses
from tests.train.making import drawn, good, write
from train.backends.registry import train
from train.cli import main

pytestmark = pytest.mark.model


@pytest.mark.usefixtures("either_arithmetic")
@pytest.mark.parametrize("backend", BUILD)
def test_a_killed_run_goes_on_from_its_last_checkpoint_to_the_same_adapter(
    backend: str, small_base: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "rows.jsonl", drawn(16))
    common = [
        backend, "--data", str(data), "--base", str(small_base), "--epochs", "8", "--batch-size", "4", "--threads", "1",
        "--gradient-accumulation", "1", "--lora-dropout", "0.1", "--save-steps", "4",
    ]  # fmt: skip
    assert main([*common, "--out", str(tmp_path / "whole")]) == 0
    kill_after_checkpoint([*common, "--out", str(tmp_path / "killed")], tmp_path / "killed")
    assert main([*common, "--out", str(tmp_path / "killed")]) == 2
    assert "--resume" in capsys.readouterr().err
    assert main([*common, "--out", str(tmp_path / "killed"), "--resume"]) == 0
    assert contents(tmp_path / "killed" / "adapter") == contents(tmp_path / "whole" / "adapter")
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")


def kill_after_checkpoint(command: list[str], run: Path) -> None:
    """Start the command in a process of its own and kill it without warning once it has a checkpoint behind it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "train", *command], cwd=ROOT, env={**os.environ, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    deadline = time.monotonic() + 300
    while not (run / "checkpoints" / "checkpoint-4" / "trainer_state.json").is_file():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (run / "adapter").exists()


def test_resuming_a_finished_run_gives_its_adapter_back(small_base: Path, tmp_path: Path) -> None:
    asked = job("trainer", tmp_path, small_base, [good()] * 4)
    adapter = train(asked)
    before = contents(adapter)
    assert train(replace(asked, resume=True)) == adapter
    assert contents(adapter) == before
