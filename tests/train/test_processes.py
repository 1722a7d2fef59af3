"""Training in several processes gives one run folder, written by one of them; trackers get the course of a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import UserError
from tests import ending
from tests.train.making import drawn, write
from train.backends import trainer
from train.backends.prepare import finish, prepare, side_by_side
from train.backends.run import open_run
from train.cli import main
from train.job import Job, Settings, check
from train.processes import check_alone, is_main, together

ROOT = Path(__file__).resolve().parents[2]
ROWS = 8


STARTS = {
    "torchrun": (["torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"], ["--threads", "1"]),
    "--processes": ([], ["--processes", "2"]),
}


def started(by: str, backend: str, out: Path, data: Path, base: Path) -> subprocess.CompletedProcess[str]:
    """The command line in two processes; accelerate finds them by their variables."""
    before, options = STARTS[by]
    train = ["train", backend, "--data", str(data), "--out", str(out), "--base", str(base), "--epochs", "1"]
    train += ["--gradient-accumulation", "1", "--lora-r", "4", *options]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *before, *train]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300)


LOADED = 500_000_000
"""Bytes that a process has at least once torch and transformers are there."""


@pytest.mark.model
@pytest.mark.parametrize(("backend", "by"), [("trainer", "torchrun"), ("sft", "--processes")])
def test_two_processes_share_the_rows_and_one_writes(backend: str, by: str, small_base: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = started(by, backend, out, write(tmp_path / "rows.jsonl", drawn(ROWS)), small_base)
    assert done.returncode == 0, done.stderr
    assert (out / "adapter" / "adapter_model.safetensors").is_file()
    cost = json.loads((out / "cost.json").read_text(encoding="utf-8"))
    assert cost["peak_memory_bytes"] > 2 * LOADED, "the memory of both"
    steps = [json.loads(line)["step"] for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert steps == list(range(1, ROWS // 2 + 1))
    assert done.stdout.count("the adapter is in") == 1
    assert json.loads((out / "settings.json").read_text(encoding="utf-8"))["processes"] == 2


@pytest.mark.model
@pytest.mark.parametrize("by", STARTS)
def test_a_bad_option_in_two_processes_is_told_once(by: str, small_base: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", drawn(ROWS))
    out = tmp_path / "run"
    out.mkdir()
    (out / "mine.txt").write_text("not a run")
    done = started(by, "trainer", out, data, small_base)
    assert done.returncode == (1 if by == "torchrun" else 2)
    assert done.stderr.count("holds no run") == 1
    assert by == "torchrun" or "Traceback" not in done.stderr
    assert os.listdir(out) == ["mine.txt"]


def test_after_the_training_nothing_connects_the_processes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from torch import distributed

    def join(*_: object) -> None:
        distributed.init_process_group("gloo", f"file://{tmp_path / 'met'}", rank=0, world_size=1)

    monkeypatch.setattr("train.backends.learning.fit", join)
    work: Any = SimpleNamespace(run=open_run(tmp_path / "run", {}, "", resume=False))
    finish(work, lambda _: None)
    assert not distributed.is_initialized()


def write_who_i_am(folder: Path) -> int:
    told = [os.environ[name] for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")]
    (folder / told[0]).write_text(" ".join(told[1:]))
    return 0


def fail_in_the_second(folder: Path) -> int:
    if os.environ["RANK"] == "1":
        return 2
    time.sleep(60)
    (folder / "late").touch()
    return 0


def test_processes_know_each_other_by_the_variables_that_torch_reads(tmp_path: Path) -> None:
    assert together(2, partial(write_who_i_am, tmp_path)) == 0
    first, second = ((tmp_path / rank).read_text() for rank in "01")
    assert first == second
    assert first.startswith("2 127.0.0.1 ")


def test_where_one_process_fails_the_others_are_stopped(tmp_path: Path) -> None:
    began = time.monotonic()
    assert together(2, partial(fail_in_the_second, tmp_path)) == 2
    assert time.monotonic() - began < 60
    assert not (tmp_path / "late").exists()


def test_rows_of_like_length_are_learned_side_by_side_in_an_order_of_the_seed(
    monkeypatch: pytest.MonkeyPatch, hollow_base: Path, tmp_path: Path
) -> None:
    data = write(tmp_path / "rows.jsonl", drawn(23))
    job = Job(backend="sft", data=data, out=tmp_path / "run", base=str(hollow_base))
    work = prepare(job)
    assert side_by_side(work) is work
    monkeypatch.setenv("WORLD_SIZE", "2")
    beside = side_by_side(work)
    assert sorted(row.line for row in beside.rows) == [row.line for row in work.rows]
    examples = dict(zip((row.line for row in work.rows), work.examples, strict=True))
    assert [examples[row.line] for row in beside.rows] == list(beside.examples)
    lengths = [len(example.ids) for example in beside.examples]
    ordered = sorted(lengths)
    assert sorted(sorted(lengths[at : at + 2]) for at in range(0, 22, 2)) == [
        ordered[at : at + 2] for at in range(0, 22, 2)
    ]
    assert lengths[22] == ordered[22]
    assert lengths != ordered
    assert side_by_side(work).rows == beside.rows
    other = replace(work, job=replace(job, settings=Settings(seed=1)))
    assert side_by_side(other).rows != beside.rows


def kill_the_second(folder: Path) -> int:
    if os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)
    return 0


def test_a_process_that_is_killed_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="killed by signal 9"):
        together(2, partial(kill_the_second, tmp_path))


def say_who_and_wait(folder: Path) -> int:
    ending.say_who_and_wait(folder, int(os.environ["RANK"]))
    return 0


def test_processes_do_not_outlive_the_command_that_started_them(tmp_path: Path) -> None:
    code = f"""
from functools import partial
from pathlib import Path
from tests.train.test_processes import say_who_and_wait
from train.processes import together
together(2, partial(say_who_and_wait, Path({str(tmp_path)!r})))
"""
    ending.check_that_two_end_with_their_command(code, tmp_path)


@pytest.mark.parametrize("processes", ["0", "65"])
def test_so_many_processes_are_refused(processes: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sft", "--data", "none", "--out", str(tmp_path), "--processes", processes]) == 2
    assert "from 1 to 64" in capsys.readouterr().err


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
    data = write(tmp_path / "rows.jsonl", drawn(ROWS))
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
