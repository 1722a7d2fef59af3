"""`python -m train push`: what others get is what was verified, all of it and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from tests.house.source import ROOT
from tests.train.promotion.bench import NOW, Bench
from tests.train.promotion.hub import Hub, served
from train.cli import main
from train.promotion.push import verified_copy
from train.promotion.verify import verify_folder


@pytest.fixture
def hub() -> Iterator[Hub]:
    with served() as one:
        yield one


@pytest.fixture
def promoted(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    bench.train(b"one")
    bench.promote()
    monkeypatch.chdir(bench.folder)
    return bench


def push(bench: Bench, hub: Hub) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the hub's library reads its address and whether it is offline when it is imported."""
    online = {"HF_HUB_OFFLINE": "0", "HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_none", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "train", "push", "intent", "--to-hub", "me/hotel"]
    return subprocess.run(
        command, cwd=bench.folder, env={**os.environ, **online}, capture_output=True, text=True, timeout=300
    )


def test_a_push_makes_a_private_repository_hold_the_promoted_files_alone(promoted: Bench, hub: Hub, tmp_path: Path):
    hub.files["of an older release.safetensors"] = b"x"
    done = push(promoted, hub)
    assert done.returncode == 0, done.stderr
    assert hub.files == {file.name: file.read_bytes() for file in promoted.serving.iterdir()}
    assert hub.made[0]["visibility"] == "private"
    assert promoted.serving.name in hub.commits[0]
    assert f"{hub.address}/me/hotel/commit/1" in done.stdout
    there = tmp_path / "downloaded"
    there.mkdir()
    for name, content in hub.files.items():
        (there / name).write_bytes(content)
    assert verify_folder(there, promoted.trust).key


def test_a_hub_that_refuses_is_told_and_what_was_changed_is_not_pushed(promoted: Bench, hub: Hub):
    hub.refuses = True
    done = push(promoted, hub)
    assert done.returncode == 2
    assert "the hub did not take it" in done.stderr
    assert "Traceback" not in done.stderr
    hub.refuses = False
    (promoted.serving / "adapter_model.safetensors").write_bytes(b"changed")
    done = push(promoted, hub)
    assert done.returncode == 2
    assert "this file was changed after it was promoted" in done.stderr
    assert hub.files == {}


def test_a_copy_that_was_changed_on_the_way_is_refused(promoted: Bench, monkeypatch: pytest.MonkeyPatch):
    import shutil

    plain = shutil.copytree

    def changing(source: Path, target: Path, **options: Any) -> Path:
        plain(source, target, **options)
        (target / "adapter_model.safetensors").write_bytes(b"changed")
        return target

    monkeypatch.setattr(shutil, "copytree", changing)
    with (
        pytest.raises(UserError, match="this file was changed"),
        verified_copy(promoted.the_shelf, promoted.trust, NOW),
    ):
        pass


def test_a_push_says_where_to_and_needs_a_name_that_serves(promoted: Bench, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["push", "intent"])
    assert "--to-hub" in capsys.readouterr().err
    assert main(["push", "nobody", "--to-hub", "me/hotel"]) == 2
    assert "nothing was promoted under this name" in capsys.readouterr().err


def test_without_mlflow_the_error_says_how_to_install_it(
    promoted: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert main(["push", "intent", "--to-mlflow", "http://127.0.0.1:9"]) == 2
    assert "callproof[mlflow]" in capsys.readouterr().err
