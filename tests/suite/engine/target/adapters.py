"""Adapters as people have them, made with PEFT on the miniature base: random, but as large as to change replies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

NEW_TOKENS = ["<lobby>", "<attic>", "<cellar>"]


def fresh(base: Path, tokens: int = 0) -> Any:
    """The base, in float32; with that many rows of embeddings, if any number is said."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    if tokens:
        model.resize_token_embeddings(tokens)
    return model.eval()


def make(folder: Path, base: Path, *, tokenizer: bool = False, **settings: Any) -> Path:
    """A LoRA of these settings in the folder; with `tokenizer`, on a vocabulary longer by NEW_TOKENS."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoTokenizer

    own = AutoTokenizer.from_pretrained(base)
    if tokenizer:
        own.add_tokens(NEW_TOKENS)
    model = fresh(base, len(own) if tokenizer else 0)
    defaults: dict[str, Any] = {
        "r": 4,
        "lora_alpha": 8,
        "task_type": "CAUSAL_LM",
        "target_modules": ["q_proj", "v_proj"],
    }
    torch.manual_seed(1)
    tuned = get_peft_model(model, LoraConfig(**defaults | settings))
    for name, weight in tuned.named_parameters():
        if weight.requires_grad:
            weight.data += torch.randn_like(weight) * (0.3 if "lora" in name else 0.1)
    tuned.peft_config["default"].base_model_name_or_path = str(base)
    tuned.save_pretrained(str(folder))
    if tokenizer:
        own.save_pretrained(folder)
    return folder


def peft_logits(folder: Path, base: Path, ids: Any) -> Any:
    """What PEFT's own load answers, with the base extended as its AutoPeftModel does."""
    import torch
    from peft import PeftModel
    from transformers import AutoTokenizer

    tokens = len(AutoTokenizer.from_pretrained(folder)) if (folder / "tokenizer_config.json").is_file() else 0
    model = PeftModel.from_pretrained(fresh(base, tokens), str(folder)).eval()
    with torch.inference_mode():
        return model(input_ids=ids).logits


def bare_logits(base: Path, ids: Any) -> Any:
    import torch

    with torch.inference_mode():
        return fresh(base)(input_ids=ids).logits


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "all linear layers": {"target_modules": "all-linear"},
    "DoRA": {"use_dora": True},
    "rank-stabilised": {"use_rslora": True},
    "PiSSA": {"init_lora_weights": "pissa"},
    "OLoRA": {"init_lora_weights": "olora"},
    "a pattern of modules": {"target_modules": r".*\.layers\.\d+\.self_attn\.(q|k|v)_proj"},
    "all but some": {"target_modules": ["q_proj", "v_proj"], "exclude_modules": r".*layers\.1\..*"},
    "some layers": {"layers_to_transform": [1], "layers_pattern": "layers"},
    "ranks and scales by module": {
        "rank_pattern": {r"layers\.0\..*q_proj": 2, "v_proj": 3},
        "alpha_pattern": {"^model.layers.1.self_attn.v_proj": 32},
    },
    "biases of all": {"bias": "all"},
    "LoRA bias": {"lora_bias": True},
    "embeddings": {"target_modules": ["q_proj", "embed_tokens"]},
    "output layer": {"target_modules": ["q_proj", "lm_head"]},
    "both ends": {"target_modules": ["embed_tokens", "lm_head"]},
    "some tokens": {"trainable_token_indices": [3, 5, 700]},
    "a module saved whole": {"modules_to_save": ["input_layernorm"]},
    "the output layer saved whole": {"modules_to_save": ["lm_head"]},
    "the embeddings saved whole": {"modules_to_save": ["embed_tokens"]},
    "an extended vocabulary": {"tokenizer": True},
    "an extended vocabulary, saved whole": {"tokenizer": True, "modules_to_save": ["embed_tokens", "lm_head"]},
    "an extended vocabulary, LoRA on it": {"tokenizer": True, "target_modules": ["q_proj", "embed_tokens"]},
    "an extended vocabulary, its new tokens trained": {"tokenizer": True, "trainable_token_indices": [1024, 1026]},
}  # fmt: skip
