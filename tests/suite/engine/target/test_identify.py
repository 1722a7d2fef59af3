import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fixtures.bases import resolve_base
from fixtures.errors import UserError
from suite.calibration import Calibrator
from suite.engine import identify
from suite.engine.store import reply_key

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


def test_a_foreign_adapter_says_its_base_and_speaks_functiongemma(adapter, base):
    target = identify(adapter, None, None)
    assert (target.base, target.adapter) == (resolve_base(str(base)), adapter)
    assert (target.identity.base, target.identity.adapter) == (str(base), str(adapter))
    assert target.format.name == target.identity.format == "functiongemma"
    assert len(target.identity.adapter_digest) == 16


def test_the_manifest_says_base_and_format_and_the_caller_wins(adapter, base):
    write_config(adapter, base_model_name_or_path="somewhere/else")
    write_manifest(adapter, base=str(base), base_digest=resolve_base(str(base)).digest, format="intent_json")
    assert identify(adapter, None, None).format.name == "intent_json"
    assert identify(adapter, str(base), "functiongemma").format.name == "functiongemma"


def test_a_run_folder_means_the_adapter_in_it(adapter, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    adapter.rename(run / "adapter")
    target = identify(run, None, None)
    assert target.adapter == run / "adapter"
    assert target.identity.adapter == str(run)


def test_no_adapter_is_the_bare_base(base):
    target = identify(None, str(base), None)
    assert target.adapter is None
    assert (target.identity.adapter, target.identity.adapter_digest) == ("none", "none")


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_the_adapter_digest_changes_with_config_and_weights(adapter, name):
    before = identify(adapter, None, None).identity.adapter_digest
    if name == "adapter_config.json":
        write_config(adapter, base_model_name_or_path=str(adapter.parent / "base"), lora_alpha=99)
    else:
        save_file(load_file(adapter / name) | {"base_model.model.model.layers.0.mlp.down_proj.lora_A.weight":
                  np.ones((RANK, 32), np.float32)}, adapter / name)  # fmt: skip
    assert identify(adapter, None, None).identity.adapter_digest != before


def store_calibrator(adapter, **changes):
    who = identify(adapter, None, None, calibrated=False).identity
    digests = {name: getattr(who, name) for name in ("adapter_digest", "base_digest", "format_digest")}
    return Calibrator("temperature", "likelihood", temperature=2.0, identity=digests | changes).write(adapter)


def test_a_calibrator_is_found_and_changes_nothing_that_replies_depend_on(adapter):
    without = identify(adapter, None, None)
    assert without.calibrator is None
    store_calibrator(adapter)
    found = identify(adapter, None, None)
    assert found.calibrator is not None
    assert found.calibrator.temperature == 2.0
    assert found.identity == without.identity
    keys = {reply_key(t.identity, max_new_tokens=9, dtype="float32", prompt="p") for t in (without, found)}
    assert len(keys) == 1


@pytest.mark.parametrize("name", ["adapter", "base", "format"])
def test_a_calibrator_of_something_else_is_refused_unless_it_is_to_be_made_anew(adapter, name):
    store_calibrator(adapter, **{f"{name}_digest": "0" * 16})
    told = refusal(adapter)
    assert f"fitted for the {name} with hash {'0' * 16}" in told
    assert "python -m train calibrate" in told
    assert identify(adapter, None, None, calibrated=False).calibrator is None


def test_a_calibrator_fitted_in_another_format_is_refused(adapter):
    store_calibrator(adapter)
    assert "fitted for the format" in refusal(adapter, format="intent_json")


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


def test_pickled_weights_are_refused_with_the_way_to_convert_them(adapter):
    (adapter / "adapter_model.safetensors").unlink()
    (adapter / "adapter_model.bin").write_bytes(b"cos\nsystem\n")
    text = refusal(adapter)
    assert "may run code" in text
    assert "torch.load('adapter_model.bin', weights_only=True)" in text


def test_no_weights_at_all_are_refused(adapter):
    (adapter / "adapter_model.safetensors").unlink()
    assert "there is no adapter_model.safetensors" in refusal(adapter)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "cut off"),
        (b"x" * 100, "cut off"),
        ((5).to_bytes(8, "little") + b"hello", "header cannot be read"),
        ((2).to_bytes(8, "little") + b"[]", "header cannot be read"),
        ((20).to_bytes(8, "little") + b'{"a": {"shape": []}}', "header cannot be read"),
    ],
    ids=["empty", "noise", "no json", "a list", "no offsets"],
)
def test_a_damaged_header_is_refused(adapter, content, why):
    (adapter / "adapter_model.safetensors").write_bytes(content)
    assert why in refusal(adapter)


def test_a_cut_off_weights_file_is_refused(adapter):
    file = adapter / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-4])
    assert "it should hold" in refusal(adapter)


@pytest.mark.parametrize("file", ["adapter_config.json", "callproof.json"])
def test_json_that_cannot_be_read_is_refused_by_file(adapter, file):
    (adapter / file).write_text("{")
    assert file in refusal(adapter)
    (adapter / file).write_text("[]")
    assert "list, not an object" in refusal(adapter)


def test_other_kinds_of_adapters_are_refused(adapter):
    write_config(adapter, peft_type="IA3")
    assert re.search(r"'IA3' is not supported\s+allowed: LORA", refusal(adapter))


def test_an_adapter_that_names_no_base_asks_for_one(adapter):
    write_config(adapter, base_model_name_or_path=None)
    assert "--base NAME" in refusal(adapter)


def test_an_unknown_base_is_refused(adapter, tmp_path):
    assert "there is no such folder" in refusal(adapter, base=str(tmp_path / "no base"))


def test_an_unknown_format_is_refused(adapter):
    assert "--format functiongemma" in refusal(adapter, format="functiongema")


def test_a_base_with_other_contents_than_trained_on_is_refused(adapter, base):
    write_manifest(adapter, base="tiny", base_digest="0123456789abcdef", format="functiongemma")
    text = refusal(adapter, base=str(base))
    assert "0123456789abcdef" in text
    assert resolve_base(str(base)).digest in text


def test_a_base_of_another_width_is_refused_by_its_first_module(adapter):
    save(adapter / "adapter_model.safetensors", lora_shapes(scale=2))
    assert "model.layers.0.mlp.down_proj: lora_A takes 64 values, the base's module takes 32" in refusal(adapter)


def test_a_lora_that_gives_too_many_values_is_refused(adapter):
    wrong = {"base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight": (17, RANK)}
    save(adapter / "adapter_model.safetensors", lora_shapes() | wrong)
    assert "model.layers.1.self_attn.q_proj: lora_B gives 17 values, the base's module gives 16" in refusal(adapter)


def test_modules_that_the_base_does_not_have_are_refused(adapter):
    save(adapter / "adapter_model.safetensors", lora_shapes(layers=3))
    assert "the base has no module model.layers.2.mlp.down_proj" in refusal(adapter)


def test_a_rank_that_the_config_does_not_say_is_refused_unless_it_has_a_pattern(adapter, base):
    write_config(adapter, r=8, base_model_name_or_path=str(base))
    assert "has rank 4, adapter_config.json says r=8" in refusal(adapter)
    write_config(adapter, r=8, rank_pattern={"down_proj": 4}, base_model_name_or_path=str(base))
    assert "self_attn.q_proj has rank 4, adapter_config.json says r=8" in refusal(adapter)
    write_config(adapter, r=8, rank_pattern={r"self.*|down_\w+": 4, "q_proj": 4}, base_model_name_or_path=str(base))
    assert identify(adapter, None, None).adapter == adapter


def test_half_a_lora_is_refused(adapter):
    shapes = lora_shapes()
    del shapes["base_model.model.model.layers.1.mlp.down_proj.lora_B.weight"]
    save(adapter / "adapter_model.safetensors", shapes)
    assert "model.layers.1.mlp.down_proj has only one of lora_A and lora_B" in refusal(adapter)


def test_weights_without_a_lora_are_refused(adapter):
    save(adapter / "adapter_model.safetensors", {"base_model.model.model.embed_tokens.weight": (50, 8)})
    assert "it holds no LoRA weights" in refusal(adapter)


def test_a_whole_module_that_was_saved_has_to_fit(adapter):
    whole = {"base_model.model.model.embed_tokens.weight": (51, 8)}
    save(adapter / "adapter_model.safetensors", lora_shapes() | whole)
    assert "model.embed_tokens.weight has shape [51, 8], the base's has [50, 8]" in refusal(adapter)


def test_a_lora_on_a_tied_head_and_on_the_embeddings_fits(adapter):
    prefix = "base_model.model"
    more = {
        f"{prefix}.lm_head.lora_A.weight": (RANK, 8), f"{prefix}.lm_head.lora_B.weight": (50, RANK),
        f"{prefix}.model.embed_tokens.lora_embedding_A": (RANK, 50),
        f"{prefix}.model.embed_tokens.lora_embedding_B": (8, RANK),
    }  # fmt: skip
    save(adapter / "adapter_model.safetensors", lora_shapes() | more)
    assert identify(adapter, None, None).adapter == adapter


def test_outer_names_that_differ_between_saves_do_not_matter(adapter):
    save(adapter / "adapter_model.safetensors", lora_shapes(prefix="base_model.model.model.language_model"))
    assert identify(adapter, None, None).adapter == adapter


def test_a_damaged_base_is_refused(adapter, base):
    (base / "model.safetensors").write_bytes(b"")
    assert f"--base {base}" in refusal(adapter)


def test_identifying_loads_no_model_library(adapter):
    script = (
        "import sys; from pathlib import Path; from suite.engine import identify; "
        f"identify(Path({str(adapter)!r}), None, None); "
        "assert not {'torch', 'transformers', 'peft'} & set(sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=60).returncode == 0
