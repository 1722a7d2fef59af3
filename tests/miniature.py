"""A model of the embedded base's kind, small enough to be made in a second: for tests of loading and of training."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fixtures.formats import load_format

TINY_FORMATS = ("functiongemma", "intent_json")
"""The formats whose control tokens the embedded base has; those of other families need other tokenizers."""


def tokenizer_of(texts: Iterable[str]) -> Any:
    """A byte-level BPE learned from the texts, with FunctionGemma's control tokens and template."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    form = load_format("functiongemma")
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = list(form.control_tokens)
    trainer = trainers.BpeTrainer(
        vocab_size=1024, special_tokens=special, initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", padding_side="left",
        clean_up_tokenization_spaces=False, model_max_length=8192,
    )  # fmt: skip
    fast.chat_template = form.chat_template
    return fast


def model_of(tokenizer: Any, *, tied: bool = True) -> Any:
    """Two layers of Gemma 3, one with a sliding window of two; random, the same ones each time.

    With `tied`, the output layer is the embeddings.
    """
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    torch.manual_seed(0)
    stops = tokenizer.convert_tokens_to_ids(["<eos>", "<end_of_turn>", "<start_function_response>"])
    return Gemma3ForCausalLM(
        Gemma3TextConfig(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=64, num_hidden_layers=2,
            layer_types=["sliding_attention", "full_attention"], sliding_window=2, num_attention_heads=4,
            num_key_value_heads=2, head_dim=64, query_pre_attn_scalar=64, max_position_embeddings=8192,
            bos_token_id=tokenizer.bos_token_id, pad_token_id=tokenizer.pad_token_id, eos_token_id=stops,
            tie_word_embeddings=tied,
        )
    )  # fmt: skip
