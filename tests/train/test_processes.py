"""Training in several processes gives one run folder, written by one of them; trackers get the course of a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from fixtures.errors import UserError
from tests.train.rows import drawn, write
from train import trainer
from train.job import Job, Settings, check
from train.processes import check_alone, is_main

ROOT = Path(__file__).resolve().parents[2]
ROWS = 8


def launched(backend: str, out: Path, data: Path, base: Path) -> subprocess.CompletedProcess[str]:
    """The command line under torchrun, as two processes on this processor; accelerate finds them by its variables."""
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    train = ["-m", "train", backend, "--data", str(data), "--out", str(out), "--base", str(base), "--epochs", "1"]
    train += ["--gradient-accumulation", "1", "--lora-r", "4", "--threads", "1"]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *launch, *train]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.model
@pytest.mark.parametrize("backend", ["trainer", "sft"])
def test_two_processes_share_the_rows_and_one_writes(backend: str, small_base: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = launched(backend, out, write(tmp_path / "rows.jsonl", drawn(ROWS, "functiongemma")), small_base)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (out / "adapter" / "adapter_model.safetensors").is_file()
    assert "cost.json" in os.listdir(out)
    steps = [json.loads(line)["step"] for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert steps == list(range(1, ROWS // 2 + 1))
    assert done.stdout.count("the adapter is in") == 1


@pytest.mark.model
def test_a_bad_option_in_two_processes_is_told_once(small_base: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", drawn(ROWS, "functiongemma"))
    out = tmp_path / "run"
    out.mkdir()
    (out / "mine.txt").write_text("not a run")
    done = launched("trainer", out, data, small_base)
    assert done.returncode != 0
    assert done.stderr.count("holds no run") == 1
    assert os.listdir(out) == ["mine.txt"]


def test_without_a_launcher_the_one_process_is_the_main_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    assert is_main()
    monkeypatch.setenv("RANK", "1")
    assert not is_main()


def test_rejection_refuses_several_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="started in 2 processes"):
        check_alone("rejection")


@pytest.mark.model
def test_tensorboard_gets_the_loss_of_every_step(small_base: Path, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing import event_accumulator  # type: ignore[import-untyped]

    settings = Settings(epochs=1, gradient_accumulation=2, lora_r=4, threads=1, report_to=("tensorboard",))
    data = write(tmp_path / "rows.jsonl", drawn(ROWS, "functiongemma"))
    trainer.train(Job(backend="trainer", data=data, out=tmp_path / "run", base=str(small_base), settings=settings))
    (events,) = (tmp_path / "run" / "tensorboard").glob("events*")
    read = event_accumulator.EventAccumulator(str(events)).Reload()
    assert [event.step for event in read.Scalars("train/loss")] == list(range(1, ROWS // 2 + 1))


def test_a_tracker_that_is_not_known_or_not_installed_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UserError, match=r"(?s)'wandb' is not known.*tensorboard, trackio, mlflow"):
        check(replace(Settings(), report_to=("wandb",)))
    monkeypatch.setattr("train.job.find_spec", lambda name: None if name == "trackio" else find_spec(name))
    with pytest.raises(UserError, match=r"callproof\[trackio\]"):
        check(replace(Settings(), report_to=("trackio",)))
