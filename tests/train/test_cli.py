"""Bad settings are refused with one message and exit code 2, before anything heavy is imported."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from tests.train.making import good, write
from train.backends.registry import BACKENDS
from train.cli import main
from train.job import Job, Settings, as_json, check, with_own

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", BACKENDS)
def test_the_defaults_of_every_backend_are_allowed(name: str) -> None:
    backend = BACKENDS[name]
    own = backend.own() if backend.own else None
    for settings in (backend.defaults, own):
        if settings is not None:
            check(settings)  # raises for a setting out of its range
    job = Job(backend=name, data=Path("rows"), out=Path("run"), settings=backend.defaults, own=own)
    assert as_json(job)["learning_rate"] == backend.defaults.learning_rate


@pytest.mark.parametrize(
    "changed",
    [
        {"epochs": 0.0},
        {"epochs": float("inf")},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"learning_rate": 2.0},
        {"batch_size": 0},
        {"gradient_accumulation": 0},
        {"lora_r": 0},
        {"lora_alpha": 0},
        {"lora_dropout": 1.0},
        {"warmup": -0.1},
        {"weight_decay": -1.0},
        {"max_length": 0},
        {"seed": -1},
        {"seed": 2**32},
        {"threads": -1},
        {"save_steps": 0},
        {"schedule": "wavy"},
        {"precision": "int8"},
        {"target_modules": ()},
        {"target_modules": ("q_proj", "")},
        {"target_modules": ("all-linear", "q_proj")},
        {"target_modules": ("q_proj", "lm_head")},
    ],
    ids=str,
)
def test_a_setting_out_of_range_is_refused_by_its_option(changed: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        check(replace(Settings(), **changed))
    assert caught.value.where == "--" + next(iter(changed)).replace("_", "-")


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_help_tells_every_setting_and_its_default(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([backend, "--help"])
    text = " ".join(capsys.readouterr().out.split())
    own = BACKENDS[backend].own
    for f in (*fields(Settings), *(fields(own) if own else ())):
        assert "--" + f.name.replace("_", "-") in text
    assert f"peak learning rate (default: {BACKENDS[backend].defaults.learning_rate})" in text
    assert "(default: all-linear)" in text


def test_no_backend_has_a_setting_of_its_own_by_the_name_of_a_shared_one() -> None:
    # Both stand in one object of settings.json, and are options of one command.
    shared = {f.name for f in fields(Settings)} | {f.name for f in fields(Job)}
    owns = [backend.own for backend in BACKENDS.values() if backend.own]
    assert owns
    assert [f.name for own in owns for f in fields(own) if f.name in shared] == []


@pytest.mark.parametrize("backend", [name for name, backend in BACKENDS.items() if backend.own])
def test_the_settings_of_a_backend_reach_its_job_and_stand_with_the_others(backend: str, tmp_path: Path) -> None:
    kind = BACKENDS[backend].own
    assert kind is not None
    for settings in (BACKENDS[backend].defaults, kind()):
        check(settings)
    job = with_own(Job(backend=backend, data=tmp_path, out=tmp_path), kind)
    assert as_json(job) == asdict(Settings()) | asdict(kind())
    assert with_own(job, kind) is job


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--learning-rate", "7"], "--learning-rate"),
        (["--data", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--base", "no/such/base/here"], "no/such/base/here"),
        (["--tools", "nothing"], "there is no such catalog"),
    ],
    ids=["setting", "data", "base", "tools"],
)
def test_bad_input_is_one_message_and_exit_code_2_without_torch(
    options: list[str], told: str, tmp_path: Path, hollow_base: Path
) -> None:
    data, out = write(tmp_path / "rows.jsonl", [good()]), tmp_path / "run"
    command = ["sft", "--data", str(data), "--out", str(out), "--base", str(hollow_base), *options]
    code = (
        f"import sys; from train.cli import main; c = main({command!r}); sys.exit(99 if 'torch' in sys.modules else c)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False), done.stderr
    assert told in done.stderr
    assert not out.exists()


def test_a_bad_row_leaves_no_run_folder(tmp_path: Path, hollow_base: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = write(tmp_path / "rows.jsonl", [good(), good(level="high")])
    common = ["--data", str(data), "--out", str(tmp_path / "run"), "--base", str(hollow_base)]
    assert main(["trainer", *common]) == 2
    assert f"{data}:2: /messages/1/tool_calls/0/function/arguments/level" in capsys.readouterr().err
    assert main(["trainer", *common, "--max-length", "20", "--skip-bad-rows"]) == 2
    assert "more than --max-length 20" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
