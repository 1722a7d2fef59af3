"""A miniature of each architecture with the control tokens of its formats, and templates of strangers; random, made in
a second."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from fixtures.formats import FORMATS, load_format
from fixtures.formats.found import Given
from fixtures.types import ToolCall, assistant, user
from tests.fixtures.formats.found.templates import BRACES, HERMES, NAMED_OUTSIDE, UNESCAPED, XML
from tests.train.making import LAMP, good

_OPENED = "{{- '<s0>assistant\\n' -}}{%- endif -%}"
_NO_THOUGHT = "<think>\\n\\n</think>\\n\\n"
FORGETFUL = HERMES.replace(
    "{{- '<s0>' ~ message.role ~ '\\n' -}}",
    "{{- '<s0>' ~ message.role ~ '\\n' -}}{%- if message.role == 'assistant' and loop.last -%}"
    f"{{{{- '{_NO_THOUGHT}' -}}}}{{%- endif -%}}",
).replace(_OPENED, _OPENED.replace("assistant\\n", f"assistant\\n{_NO_THOUGHT}"))
"""Writes an empty thought before the last answer, and none before those of the past."""
MARKED = HERMES.replace(
    "{%- if message.content -%}{{- message.content -}}{%- endif -%}",
    "{%- generation -%}{%- if message.content -%}{{- message.content -}}{%- endif -%}",
).replace("{{- '<s1>\\n' -}}\n{%- endfor -%}", "{{- '<s1>\\n' -}}{%- endgeneration -%}\n{%- endfor -%}")
"""With markers, as TRL's templates for training: around every message, and the line end behind its stop."""
ASKS_THE_DAY = HERMES.replace("'<s0>system\\n", "'<s0>system\\nToday is ' ~ strftime_now('%d %B %Y') ~ '\\n")
MOODY = HERMES.replace("system\\nUse: '", "system\\nMood: ' ~ mood ~ ' Use: '")

TEMPLATES: Mapping[str, str] = {
    "found hermes": HERMES, "found xml": XML, "found braces": BRACES, "found pythonic": UNESCAPED,
    "found named outside": NAMED_OUTSIDE, "found forgetful": FORGETFUL, "found marked": MARKED,
    "found dated": ASKS_THE_DAY, "found moody": MOODY,
}  # fmt: skip
"""Formats that are found, by the names that tests call them."""
GIVEN: Mapping[str, Mapping[str, str]] = {"found moody": {"template_kwargs": '{"mood": "calm"}', "system": "Be brief."}}
OF_ARCHITECTURE: Mapping[str, Sequence[str]] = {
    "gemma3": ("functiongemma", "intent_json", "gemma4"),
    "qwen3": ("hermes", "json", "qwen_xml"),
    "llama": ("llama3", "mistral", *TEMPLATES),
    "lfm2": ("lfm2",),
}
EVERY = (*FORMATS, *TEMPLATES)


def architecture_of(name: str) -> str:
    """The architecture on which a format is tried."""
    return next(kind for kind, names in OF_ARCHITECTURE.items() if name in names)


def base_of(kind: str, folder: Path) -> Path:
    """A random model of two layers with a byte-level tokenizer; Llama's names no padding, as the real one."""
    import torch

    tokenizer = _tokenizer(kind)
    torch.manual_seed(0)
    model = _model(kind, len(tokenizer))
    model.generation_config.eos_token_id = None
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _tokenizer(kind: str) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    forms = [load_format(name) for name in OF_ARCHITECTURE[kind] if name in FORMATS]
    found = ["<s0>", "<s1>"] if kind == "llama" else []
    special = list(dict.fromkeys([token for form in forms for token in form.control_tokens] + found + ["<unk>"]))
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=800, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )  # fmt: skip
    bpe.train_from_iterator(
        [form.render(row["messages"], row["tools"]).text for form in forms for row in ROWS], trainer
    )
    ends = {"gemma3": "<eos>", "qwen3": "<|im_end|>", "llama": "</s>", "lfm2": "<|im_end|>"}
    names = {"gemma3": "<pad>", "qwen3": "<|endoftext|>", "lfm2": "<|pad|>"}
    padding = {"pad_token": names[kind]} if kind in names else {}
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, eos_token=ends[kind], unk_token="<unk>", clean_up_tokenization_spaces=False, **padding
    )


def _model(kind: str, words: int) -> Any:
    import transformers as t

    sizes: dict[str, Any] = {
        "vocab_size": words, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 4096,
        "bos_token_id": None, "pad_token_id": None, "eos_token_id": None,
    }  # fmt: skip
    makers: Mapping[str, Any] = {
        "gemma3": partial(t.Gemma3TextConfig, head_dim=16, layer_types=["sliding_attention", "full_attention"]),
        "qwen3": partial(t.Qwen3Config, head_dim=16),
        "llama": t.LlamaConfig,
        "lfm2": partial(t.Lfm2Config, layer_types=["conv", "full_attention"]),
    }
    return t.AutoModelForCausalLM.from_config(makers[kind](**sizes))


def asked_for(name: str, folder: Path) -> dict[str, Any]:
    """What a job says of its format, a template of strangers written into the folder."""
    if name in FORMATS:
        return {"format": name}
    file = folder / f"{name.replace(' ', '_')}.jinja"
    file.write_text(TEMPLATES[name], encoding="utf-8")
    return {"format": "auto", "given": Given(chat_template=str(file), **GIVEN.get(name, {}))}


def _lit(room: str, **arguments: Any) -> Any:
    return assistant([ToolCall("set_lamp", {"room": room, **arguments})])


DONE = {"role": "tool", "content": {"name": "set_lamp", "response": {"ok": True}}}
TWICE = {
    "messages": [user("Light in the bar"), _lit("bar"), DONE, user("Now in the spa, at 40"), _lit("spa", level=40)],
    "tools": [LAMP.declaration()],
}
"""A row of two answers."""
ROWS: Sequence[dict[str, Any]] = (good("lobby"), TWICE, good("attic", level=7), good("cellar"))
