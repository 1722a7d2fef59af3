"""A run that goes on from an adapter has that adapter's weights, base, format and shape, or says what is in the way."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import UserError
from tests.train.making import drawn, good, write
from train.backends.prepare import gather, prepare
from train.backends.registry import train
from train.cli import main
from train.job import Job, Settings

pytestmark = pytest.mark.model

QUICK = Settings(epochs=1, batch_size=4, gradient_accumulation=1, lora_r=4, lora_alpha=8, learning_rate=1e-2, threads=1)


@pytest.fixture(scope="session")
def started(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the miniature in intent JSON, so that nothing of it is a default."""
    folder = tmp_path_factory.mktemp("started")
    data = write(folder / "rows.jsonl", drawn(8))
    train(
        Job(
            backend="trainer", data=data, out=folder / "run", base=str(small_base), format="intent_json", settings=QUICK
        )
    )
    return folder / "run"


def asked(start: Path, tmp_path: Path) -> Job:
    data = write(tmp_path / "rows.jsonl", drawn(8))
    settings = Settings(epochs=1, threads=1, learning_rate=1e-2, gradient_accumulation=2)
    return Job(backend="sft", data=data, out=tmp_path / "run", start=start, settings=settings)


def test_base_format_and_shape_are_those_of_the_adapter(started: Path, small_base: Path, tmp_path: Path) -> None:
    material = gather(asked(started, tmp_path))
    assert (material.base.path, material.format.name) == (small_base, "intent_json")
    assert (material.job.settings.lora_r, material.job.settings.lora_alpha) == (4, 8)
    assert len(material.job.settings.target_modules) == 14


def test_the_first_step_finds_the_weights_of_the_adapter(started: Path, tmp_path: Path) -> None:
    from peft import get_peft_model_state_dict
    from safetensors.torch import load_file

    from train.backends.learning import load_model

    model = load_model(prepare(asked(started, tmp_path)))
    held = get_peft_model_state_dict(model, save_embedding_layers=False)
    saved = load_file(started / "adapter" / "adapter_model.safetensors")
    assert held.keys() == saved.keys()
    assert all(held[name].equal(saved[name]) for name in saved)
    trainable = [name for name, weight in model.named_parameters() if weight.requires_grad]
    assert len(trainable) == len(saved)


def test_going_on_moves_the_weights_and_tells_the_origin(started: Path, tmp_path: Path) -> None:
    adapter = train(asked(started, tmp_path))
    weights = "adapter_model.safetensors"
    assert (adapter / weights).read_bytes() != (started / "adapter" / weights).read_bytes()
    told = json.loads((adapter.parent / "settings.json").read_text(encoding="utf-8"))
    assert told["start"]["adapter"] == str(started)
    assert json.loads((adapter / "callproof.json").read_text(encoding="utf-8"))["start"] == told["start"]


def test_a_run_is_not_resumed_from_another_start(started: Path, tmp_path: Path) -> None:
    job = asked(started, tmp_path)
    prepare(job)
    moved = shutil.copytree(started, tmp_path / "moved")
    prepare(replace(job, start=moved, resume=True))
    config = moved / "adapter" / "adapter_config.json"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"start\.digest was"):
        prepare(replace(job, start=moved, resume=True))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--lora-r", "8"], "--lora-r\n  problem: 8 was asked for, but the adapter to go on from has 4"),
        (["--target-modules", "q_proj"], "--target-modules"),
        (["--format", "functiongemma"], "speaks intent_json"),
        (["--base", "tiny"], "the adapter was trained on"),
    ],
    ids=["rank", "modules", "format", "base"],
)
def test_what_does_not_fit_the_adapter_is_refused(
    options: list[str], told: str, started: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "rows.jsonl", [good()])
    out = tmp_path / "run"
    assert main(["sft", "--data", str(data), "--out", str(out), "--from", str(started), *options]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_a_folder_without_an_adapter_is_refused_by_the_option_that_named_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "rows.jsonl", [good()])
    assert main(["sft", "--data", str(data), "--out", str(tmp_path / "run"), "--from", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.startswith(f"--from {tmp_path / 'none'}\n")
