"""Weights and files of an adapter that are damaged, or fit no base."""

import re
import subprocess
import sys

import pytest

from fixtures.bases import resolve_base
from suite.engine import identify
from tests.suite.engine.target.conftest import RANK, ROOT, lora_shapes, refusal, save, write_config, write_manifest


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
