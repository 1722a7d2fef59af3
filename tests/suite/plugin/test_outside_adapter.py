"""`pytest --adapter FOLDER --base NAME`, with no other option, of an adapter that callproof did not make."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.fixtures.formats.found.templates import HERMES, SILENT


@pytest.fixture
def theirs(tmp_path):
    """A base of one layer, and an adapter for it with a tokenizer and a template, as PEFT and TRL save them."""
    layer = "model.layers.0.self_attn.q_proj"
    lora = {f"base_model.model.{layer}.lora_A.weight": (2, 8), f"base_model.model.{layer}.lora_B.weight": (8, 2)}
    base, folder = tmp_path / "base", tmp_path / "theirs"
    folder.mkdir()
    save(base / "model.safetensors", {f"{layer}.weight": (8, 8), "model.embed_tokens.weight": (50, 8)})
    save(folder / "adapter_model.safetensors", lora)
    config = {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": "theirs/base"}))
    (folder / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<s1>"}))
    (folder / "chat_template.jinja").write_text(HERMES)
    return folder


def save(file, shapes):
    save_file({name: np.ones(shape, np.float32) for name, shape in shapes.items()}, file)


def test_it_is_gated_in_the_format_of_its_own_template(run, theirs, tmp_path):
    code, out = run(
        "--adapter", "theirs", "--base", "base", "--budget", "20", "-k", "right_tool", "--results", "told.json"
    )
    assert code == 1, out
    assert "auto" in out
    assert "chat_template.jinja" in out
    assert json.loads((tmp_path / "told.json").read_text())["identity"]["format"] == "auto"


def test_with_a_template_that_drops_calls_it_is_refused_by_the_traps_name(run, theirs):
    (theirs / "chat_template.jinja").write_text(SILENT)
    code, out = run("--adapter", "theirs", "--base", "base", "--budget", "20")
    assert code == 4, out
    assert "writes nothing for a call" in out
