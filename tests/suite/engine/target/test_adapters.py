"""Adapters as people have them are applied exactly as PEFT applies them, or refused by what they are."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from suite.engine import identify, load_engine
from tests.suite.engine.target.adapters import KINDS, NEW_TOKENS, bare_logits, make, peft_logits

pytestmark = [
    pytest.mark.usefixtures("one_thread"),
    pytest.mark.filterwarnings("ignore"),  # PEFT's own, of settings that people have all the same
]
CLOSE = 1e-4


def logits_of(engine: Any, ids: Any) -> Any:
    import torch

    with torch.inference_mode():
        return engine.model(input_ids=ids).logits


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("tied", [True, False], ids=["tied", "untied"])
def test_a_kind_is_applied_as_peft_applies_it(
    kind: str, tied: bool, small_base: Path, untied_base: Path, tmp_path: Path
) -> None:
    import torch

    if not tied and kind == "an extended vocabulary, LoRA on it":
        pytest.skip("PEFT draws the new rows of the output layer, see below")
    base = small_base if tied else untied_base
    folder = make(tmp_path / "adapter", base, **KINDS[kind])
    ids = torch.tensor([[2, 3, 5, 7, 700, 11, 13]])
    wanted = peft_logits(folder, base, ids)
    engine = load_engine(identify(folder, None, None))
    found = logits_of(engine, ids)
    assert found.shape == wanted.shape
    assert float((found - wanted).abs().max()) < CLOSE
    bare = bare_logits(base, ids)
    assert float((found[..., : bare.shape[-1]] - bare).abs().max()) > 100 * CLOSE, "it has an effect at all"
    assert dict(engine.generate(["<bos>a"], max_new_tokens=3))[0].logprobs


def test_the_tokenizer_beside_the_adapter_wins(small_base: Path, tmp_path: Path) -> None:
    folder = make(tmp_path / "adapter", small_base, tokenizer=True)
    engine: Any = load_engine(identify(folder, None, None))
    assert [len(engine.tokenizer(token, add_special_tokens=False)["input_ids"]) for token in NEW_TOKENS] == [1, 1, 1]


def test_a_tokenizer_with_more_tokens_than_there_are_embeddings_is_refused(small_base: Path, tmp_path: Path) -> None:
    make(tmp_path / "longer", small_base, tokenizer=True)
    folder = make(tmp_path / "adapter", small_base)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).write_bytes((tmp_path / "longer" / name).read_bytes())
    with pytest.raises(UserError, match=r"tokenizer has \d+ tokens, and the embeddings only"):
        load_engine(identify(folder, None, None))


def test_new_tokens_without_rows_of_the_output_layer_are_refused(untied_base: Path, tmp_path: Path) -> None:
    folder = make(tmp_path / "adapter", untied_base, **KINDS["an extended vocabulary, LoRA on it"])
    with pytest.raises(UserError, match="extended to 1027 tokens, without lm_head"):
        load_engine(identify(folder, None, None))


def changed(folder: Path, **settings: Any) -> Path:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))
    return folder


BOMB = r"(?:\w|\d|[a-z]|\.)*(?:\d\d\d\d)"


@pytest.mark.parametrize(
    "settings",
    [
        {"target_modules": BOMB}, {"exclude_modules": BOMB}, {"target_modules": "(" * 5_000},
        {"target_modules": "a{9999}{9999}{9999}"}, {"layers_pattern": BOMB, "layers_to_transform": [0]},
        {"modules_to_save": [BOMB]}, {"rank_pattern": {BOMB: 2}}, {"alpha_pattern": {BOMB: 2}},
        {"target_modules": 7}, {"target_modules": [["q_proj"]]}, {"rank_pattern": {"q_proj": "two"}},
        {"rank_pattern": ["q_proj"]}, {"target_modules": "(?P<a"},
    ],
    ids=lambda settings: f"{next(iter(settings))} {str(next(iter(settings.values())))[:12]}",
)  # fmt: skip
def test_patterns_that_never_end_or_cannot_be_read_are_refused_before_anything_loads(
    settings: dict[str, Any], small_base: Path, tmp_path: Path
) -> None:
    folder = changed(make(tmp_path / "adapter", small_base), **settings)
    with pytest.raises(UserError, match=re.escape(f"adapter_config.json {next(iter(settings))}")):
        identify(folder, None, None)


@pytest.mark.parametrize(
    "settings",
    [
        {"r": "four"}, {"r": -1}, {"lora_alpha": "x"}, {"lora_alpha": None}, {"lora_dropout": "much"}, {"bias": "odd"},
        {"init_lora_weights": "no such"}, {"trainable_token_indices": [10**6]}, {"trainable_token_indices": "all"},
        {"eva_config": [1]}, {"target_modules": ["no_such"]}, {"target_modules": []}, {"lora_alpha": 0},
        {"layers_to_transform": "first"}, {"unknown_to_peft": {"a": 1}, "r": 3}, {"peft_version": 5, "r": 2},
        {"use_dora": True}, {"fan_in_fan_out": True, "use_rslora": "x", "r": 5},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_do_not_go_with_the_weights_are_one_error(
    settings: dict[str, Any], small_base: Path, tmp_path: Path
) -> None:
    folder = changed(make(tmp_path / "adapter", small_base), **settings)
    with warnings.catch_warnings(), pytest.raises(UserError):
        load_engine(identify(folder, None, None))
