"""What a path may mean as an adapter, and what is no adapter at all."""

import os
import shutil
from pathlib import Path

import pytest

from suite.engine import identify
from tests.suite.engine.target.conftest import (
    base_shapes,
    lora_shapes,
    refusal,
    save,
    write_config,
)


def test_a_missing_folder_is_refused(tmp_path):
    assert "there is no such folder" in refusal(tmp_path / "nowhere")


def test_a_file_is_refused(adapter):
    text = refusal(adapter / "adapter_config.json")
    assert "a file, not a folder" in text
    assert f"--adapter {adapter}" in text


def test_an_adapter_of_llama_cpp_is_called_so(tmp_path):
    (tmp_path / "lora.gguf").write_bytes(b"GGUF")
    assert "llama.cpp" in refusal(tmp_path / "lora.gguf")
    assert "llama.cpp" in refusal(tmp_path)


def test_a_folder_without_a_config_is_refused_with_what_is_there(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    (tmp_path / "logs").mkdir()
    text = refusal(tmp_path)
    assert "no adapter_config.json" in text
    assert "logs/, notes.txt" in text


def test_an_empty_folder_is_called_empty(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "there is: nothing" in refusal(tmp_path / "empty")


def test_an_adapter_one_level_down_is_suggested(adapter, tmp_path):
    checkpoint = adapter.rename(tmp_path / "checkpoint-40")
    assert f"--adapter {checkpoint}" in refusal(tmp_path)


def test_checkpoints_are_named_newest_first_by_number(adapter, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    for number in (50, 1000, 200):
        shutil.copytree(adapter, out / f"checkpoint-{number}")
    text = refusal(out)
    assert "checkpoint-1000, checkpoint-200, checkpoint-50" in text
    assert f"--adapter {out / 'checkpoint-1000'}" in text


def test_the_only_run_in_a_folder_is_meant_and_of_several_the_newest_is_named_first(adapter, tmp_path):
    runs = tmp_path / "runs"
    for number, name in enumerate(("old", "new")):
        copied = shutil.copytree(adapter, runs / name / "adapter")
        os.utime(copied / "adapter_config.json", (number, number))
        if not number:
            assert identify(runs, None, None).adapter == runs / "old" / "adapter"
    assert "the newest first: new, old" in refusal(runs)


def test_a_tilde_is_the_home_folder(adapter, monkeypatch):
    monkeypatch.setenv("HOME", str(adapter.parent))
    target = identify(Path("~/adapter"), "~/base", None)
    assert (target.adapter, target.identity.adapter) == (adapter, "~/adapter")


def test_a_hub_id_is_taken_from_the_cache_only(adapter, tmp_path, monkeypatch):
    from huggingface_hub import constants

    repository = tmp_path / "hub" / "models--org--lora"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("a" * 40)
    shutil.copytree(adapter, repository / "snapshots" / ("a" * 40))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert identify(Path("org/lora"), None, None).identity.adapter == "org/lora"
    assert "hf download org/other" in refusal(Path("org/other"))


@pytest.mark.parametrize("name", ["a" * 5_000, "~nobody-of-this-name/x", "x\0y", "\x1b[2J"])
def test_a_name_that_can_be_none_is_refused(name):
    assert "--adapter" in refusal(Path(name))
    assert "\x1b" not in refusal(Path(name))


def test_a_whole_model_is_told_from_an_adapter(base):
    assert f"--adapter none --base {base}" in refusal(base)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"alora_invocation_tokens": [1, 2]}, "an aLoRA"),
        ({"megatron_config": {"a": 1}, "megatron_core": "antigravity"}, "Megatron"),
        ({"arrow_config": {"top_k": 1}}, "Arrow"),
        ({"layer_replication": [[0, 2]]}, "replicated layers"),
        ({"use_bdlora": {"nblocks": 2}}, "BD-LoRA"),
        ({"task_type": "SEQ_CLS"}, "it scores replies"),
        ({"peft_type": "PREFIX_TUNING"}, "'PREFIX_TUNING' is not supported"),
        ({"peft_type": None, "fine_tune_type": "lora", "lora_parameters": {"rank": 8}}, "MLX"),
        ({"peft_type": None, "config": {"architecture": "lora"}, "model_class": "LlamaModel"}, "AdapterHub"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_kinds_are_refused_by_their_name(adapter, base, changes, kind):
    write_config(adapter, **{"base_model_name_or_path": str(base)} | changes)
    assert kind in refusal(adapter)


def test_a_setting_that_only_names_megatron_is_what_every_adapter_has(adapter, base):
    write_config(adapter, base_model_name_or_path=str(base), megatron_core="megatron.core", megatron_config=None)
    assert identify(adapter, None, None).adapter == adapter


@pytest.mark.parametrize("ending", ["-unsloth-bnb-4bit", "-bnb-4bit"])
def test_a_base_of_four_bits_points_to_its_full_precision(adapter, ending):
    write_config(adapter, base_model_name_or_path=f"unsloth/gemma{ending}")
    text = refusal(adapter)
    assert "adapter_config.json base_model_name_or_path" in text
    assert "--base unsloth/gemma: the model in full precision" in text


def test_a_quantised_base_that_is_here_points_to_full_precision(adapter, base):
    (base / "config.json").write_text('{"quantization_config": {"load_in_4bit": true}}')
    save(base / "model.safetensors", {name: (1, 8) for name in base_shapes(2)})
    assert "--base with the model in full precision" in refusal(adapter)


def test_what_the_configuration_asks_for_and_the_file_has_not_is_told_without_loading(adapter, base):
    shapes = lora_shapes()
    kept = {name: shape for name, shape in shapes.items() if "layers.1.mlp" not in name}
    save(adapter / "adapter_model.safetensors", kept)
    write_config(adapter, base_model_name_or_path=str(base), target_modules=["q_proj", "down_proj"])
    text = refusal(adapter)
    assert "asks for weights that the file does not have: model.layers.1.mlp.down_proj" in text
    for narrower in ({"layers_to_transform": [0]}, {"exclude_modules": ["layers.1.mlp.down_proj"]}):
        write_config(adapter, base_model_name_or_path=str(base), target_modules=["q_proj", "down_proj"], **narrower)
        assert identify(adapter, None, None).adapter == adapter  # PEFT knows which ones these leave


def test_embeddings_with_more_rows_need_their_tokenizer_beside_the_adapter(adapter, base):
    longer = {"base_model.model.model.embed_tokens.weight": (53, 8)}
    save(adapter / "adapter_model.safetensors", lora_shapes() | longer)
    assert "put the tokenizer that it was trained with" in refusal(adapter)
    (adapter / "tokenizer.json").write_text('{"another": 1}')
    target = identify(adapter, None, None)
    assert (target.tokenizer, target.own_tokenizer) == (adapter, adapter)


def test_a_tokenizer_beside_the_adapter_counts_where_it_is_another_than_the_bases(adapter, base):
    alone = identify(adapter, None, None)
    shutil.copy(base / "tokenizer.json", adapter)
    same = identify(adapter, None, None)
    assert (same.own_tokenizer, same.tokenizer, same.identity) == (None, base, alone.identity)
    (adapter / "tokenizer.json").write_text('{"another": 1}')
    other = identify(adapter, None, None)
    assert other.identity.adapter_digest != alone.identity.adapter_digest
    assert other.bare.own_tokenizer is None
