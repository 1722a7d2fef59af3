"""A folder that looks like a base and one that looks like an adapter for it; nothing here holds real weights."""

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from fixtures.errors import UserError
from suite.engine import identify

ROOT = Path(__file__).resolve().parents[4]
MODULES = {"self_attn.q_proj": (16, 8), "mlp.down_proj": (8, 32)}
"""Outputs and inputs of the modules that the LoRA is on."""
RANK = 4


def save(file, shapes):
    save_file({name: np.zeros(shape, np.float32) for name, shape in shapes.items()}, file)


def base_shapes(layers):
    return {f"model.layers.{n}.{m}.weight": shape for n in range(layers) for m, shape in MODULES.items()}


def lora_shapes(layers=2, *, scale=1, prefix="base_model.model.model"):
    shapes = {}
    for number in range(layers):
        for module, (outputs, inputs) in MODULES.items():
            name = f"{prefix}.layers.{number}.{module}"
            shapes[f"{name}.lora_A.weight"] = (RANK, inputs * scale)
            shapes[f"{name}.lora_B.weight"] = (outputs * scale, RANK)
    return shapes


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "base"
    folder.mkdir()
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    save(folder / "model.safetensors", base_shapes(2) | {"model.embed_tokens.weight": (50, 8)})
    return folder


@pytest.fixture
def adapter(tmp_path, base):
    folder = tmp_path / "adapter"
    folder.mkdir()
    write_config(folder, base_model_name_or_path=str(base))
    save(folder / "adapter_model.safetensors", lora_shapes())
    return folder


def write_config(folder, **changes):
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": RANK} | changes))


def write_manifest(folder, **entries):
    (folder / "callproof.json").write_text(json.dumps(entries))


def refusal(adapter, base=None, format=None):
    with pytest.raises(UserError) as caught:
        identify(adapter, base, format)
    return str(caught.value)
