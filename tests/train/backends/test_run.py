"""A run folder belongs to one job, and what lies in it is there whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from train.backends.run import Run, check_free, open_run, save_adapter

FACTS: dict[str, Any] = {
    "backend": "sft",
    "settings": {"seed": 1, "target_modules": ["all-linear"]},
    "data": {"path": "a.jsonl", "digest": "d" * 64, "rows": 2},
    "base": {"name": "tiny", "digest": "b" * 16},
    "format": {"name": "functiongemma", "digest": "f" * 16},
    "libraries": {"torch": "2.13.0"},
}


def test_a_new_run_folder_holds_the_settings_and_the_mask(tmp_path: Path) -> None:
    run = open_run(tmp_path / "deep" / "run", FACTS, "⟦x⟧", resume=False)
    assert json.loads((run.folder / "settings.json").read_text(encoding="utf-8")) == FACTS
    assert (run.folder / "mask.txt").read_text(encoding="utf-8") == "⟦x⟧"
    assert not run.finished
    assert list(run.folder.glob("*.partial")) == []


def test_a_folder_that_holds_a_run_is_refused_without_resume(tmp_path: Path) -> None:
    open_run(tmp_path, FACTS, "", resume=False)
    with pytest.raises(UserError, match="holds a run already"):
        open_run(tmp_path, FACTS, "", resume=False)
    assert open_run(tmp_path, FACTS, "", resume=True).facts == FACTS


@pytest.mark.parametrize(
    ("part", "changed"),
    [
        ("settings", {"seed": 2}),
        ("settings", {"target_modules": ["q_proj"]}),
        ("data", {"digest": "e" * 64}),
        ("base", {"digest": "c" * 16}),
        ("libraries", {"torch": "2.14.0"}),
    ],
    ids=["seed", "modules", "data", "base", "library"],
)
def test_resuming_with_another_job_names_what_differs(part: str, changed: dict[str, Any], tmp_path: Path) -> None:
    open_run(tmp_path, FACTS, "", resume=False)
    (key, value), *_ = changed.items()
    with pytest.raises(UserError) as caught:
        open_run(tmp_path, {**FACTS, part: {**FACTS[part], **changed}}, "", resume=True)
    assert f"{part}.{key} was {FACTS[part][key]}, is {value}" in str(caught.value)
    assert json.loads((tmp_path / "settings.json").read_text(encoding="utf-8")) == FACTS


def test_resuming_may_find_the_same_data_elsewhere(tmp_path: Path) -> None:
    open_run(tmp_path, FACTS, "", resume=False)
    moved = {**FACTS, "data": {**FACTS["data"], "path": "elsewhere.jsonl"}}
    assert open_run(tmp_path, moved, "", resume=True).facts == FACTS


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty and holds no run"):
        open_run(tmp_path, FACTS, "", resume=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(UserError, match="a file, not a folder"):
        check_free(tmp_path / "run", resume=False)


def test_pieces_of_a_first_write_do_not_stand_in_the_way(tmp_path: Path) -> None:
    (tmp_path / ".settings.json.7.partial").write_text('{"back')
    assert open_run(tmp_path, FACTS, "", resume=False).facts == FACTS


@pytest.mark.parametrize("text", ["{", "[]"], ids=["cut off", "list"])
def test_settings_that_are_not_settings_are_a_user_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(text)
    with pytest.raises(UserError, match=r"settings\.json"):
        open_run(tmp_path, FACTS, "", resume=True)


def test_the_last_whole_checkpoint_counts_by_number_not_by_name(tmp_path: Path) -> None:
    run = Run(tmp_path, FACTS)
    assert run.last_checkpoint() is None
    for step, state in ((9, "{}"), (10, "{}"), (11, '{"epoch": 0.'), (12, None)):
        folder = run.checkpoints / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        if state is not None:
            (folder / "trainer_state.json").write_text(state)
    assert run.last_checkpoint() == run.checkpoints / "checkpoint-10"


class Saved:
    """A double of a PEFT model: writes what PEFT writes, and may be interrupted."""

    def __init__(self, modules: list[str], interrupted: bool = False) -> None:
        self.modules, self.interrupted = modules, interrupted

    def save_pretrained(self, folder: Path, **_: Any) -> None:
        folder.mkdir()
        config = {"target_modules": self.modules, "r": 4, "base_model_name_or_path": "/somewhere/else"}
        (folder / "adapter_config.json").write_text(json.dumps(config))
        (folder / "README.md").write_text("---")
        if self.interrupted:
            raise KeyboardInterrupt
        (folder / "adapter_model.safetensors").write_bytes(b"weights")


def test_an_adapter_says_its_base_and_origin_in_the_same_bytes_each_time(tmp_path: Path) -> None:
    written = []
    for number, modules in enumerate((["q", "k"], ["k", "q"])):
        run = open_run(tmp_path / str(number), FACTS, "", resume=False)
        adapter = save_adapter(run, Saved(modules), {})
        written.append({path.name: path.read_bytes() for path in adapter.iterdir()})
    assert written[0] == written[1]
    assert sorted(written[0]) == ["adapter_config.json", "adapter_model.safetensors", "callproof.json"]
    assert json.loads(written[0]["adapter_config.json"])["base_model_name_or_path"] == "tiny"
    assert json.loads(written[0]["callproof.json"]) == {
        "base": "tiny",
        "base_digest": "b" * 16,
        "format": "functiongemma",
        "data_digest": "d" * 64,
        "backend": "sft",
        "libraries": {"torch": "2.13.0"},
    }


def test_an_interrupted_save_leaves_no_adapter_and_can_be_repeated(tmp_path: Path) -> None:
    run = open_run(tmp_path, FACTS, "", resume=False)
    run.checkpoints.mkdir()
    with pytest.raises(KeyboardInterrupt):
        save_adapter(run, Saved(["q"], interrupted=True), {})
    assert not run.finished
    assert run.checkpoints.is_dir()
    save_adapter(run, Saved(["q"]), {"tokenizer.json": b"{}"})
    assert run.finished
    assert not run.checkpoints.exists()
