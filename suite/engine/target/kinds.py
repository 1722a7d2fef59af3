"""Which kinds of adapters are gated, and what is said of the others: each is called by its name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fixtures.errors import UserError

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
WANTED = f"a PEFT folder with {CONFIG} and {WEIGHTS}, or a run folder with adapter/ in it"
_PICKLES = ("adapter_model.bin", "adapter_model.pt", "adapter_model.pth")
_CONVERT = (
    'python -c "import torch, safetensors.torch as s; '
    "s.save_file(torch.load('{old}', weights_only=True), 'adapter_model.safetensors')\" in that folder, if you trust it"
)
_MLX = "python -m mlx_lm fuse --adapter-path {folder} --save-path MODEL, and then --adapter none --base MODEL"
_NOT_GATED = {
    "alora_invocation_tokens": "an aLoRA, which acts only behind tokens that the request brings",
    "megatron_config": "a LoRA on Megatron's layers, which loads a module by its name",
    "megatron_core": "a LoRA on Megatron's layers, which loads a module by its name",
    "arrow_config": "an Arrow router, which needs other adapters beside it",
    "layer_replication": "a LoRA on replicated layers, which makes another model of the base",
    "use_bdlora": "a BD-LoRA, which is made for several devices",
}
"""Settings of PEFT that make another kind of a LoRA. (`megatron_core` has a default, which says nothing.)"""


def check_kind(folder: Path, config: Mapping[str, Any]) -> None:
    """Raise UserError for an adapter of a kind that is not gated, by the name of the kind."""
    _check_maker(folder, config)
    where = folder / CONFIG
    kind = config.get("peft_type")
    if kind != "LORA":
        raise UserError(f"{where} peft_type", f"peft_type={kind!r} is not supported", allowed="LORA")
    for setting, what in _NOT_GATED.items():
        if config.get(setting) and (setting != "megatron_core" or config.get("megatron_config")):
            raise UserError(f"{where} {setting}", f"this is {what}; it is not supported", allowed="a LoRA without it")
    task = config.get("task_type")
    if task not in (None, "CAUSAL_LM"):
        scores = task == "SEQ_CLS"
        problem = f"task_type={task!r}: " + ("it scores replies and writes none" if scores else "it writes no replies")
        hint = "a run of another backend; scorers are for python -m train grpo --scorer" if scores else ""
        raise UserError(f"{where} task_type", problem, allowed="CAUSAL_LM", hint=hint)


def _check_maker(folder: Path, config: Mapping[str, Any]) -> None:
    """Refuse configurations that other libraries than PEFT have written under the same name."""
    if config.get("peft_type") is not None:
        return
    if {"fine_tune_type", "lora_parameters"} & set(config) or (folder / "adapters.safetensors").is_file():
        problem = "this is an adapter of MLX, whose weights are named and shaped otherwise than PEFT's"
        raise UserError(str(folder), problem, allowed=WANTED, hint=_MLX.format(folder=folder))
    if {"model_class", "config"} <= set(config):
        raise UserError(str(folder), "this is an adapter of the library `adapters` (AdapterHub)", allowed=WANTED)


def refuse_without_config(folder: Path, where: str, hint: str) -> UserError:
    """What to say of a folder that has no adapter configuration: what it is instead, if one can tell."""

    def has(pattern: str) -> bool:
        return any(file.is_file() for file in folder.glob(pattern))

    if has("config.json") and has("*.safetensors"):
        problem = f"there is no {CONFIG} in it: this is a whole model, perhaps with its adapter merged into it"
        return UserError(where, problem, allowed=WANTED, hint=f"--adapter none --base {folder}")
    if has("pytorch_lora_weights.safetensors"):
        return UserError(where, "this is an adapter of diffusers, for pictures", allowed=WANTED)
    if has("adapters.safetensors"):
        return UserError(where, "this is an adapter of MLX", allowed=WANTED, hint=_MLX.format(folder=folder))
    if has("*.gguf"):
        hint = "the PEFT folder that they were converted from"
        return UserError(where, "this holds GGUF files, of llama.cpp", allowed=WANTED, hint=hint)
    return UserError(where, f"there is no {CONFIG} in it (there is: {_inside(folder)})", allowed=WANTED, hint=hint)


def refuse_file(file: Path, where: str) -> UserError:
    """What to say of a file where a folder is wanted."""
    if file.suffix == ".gguf":
        hint = "the PEFT folder that it was converted from"
        return UserError(where, "this is a GGUF file, of llama.cpp", allowed=WANTED, hint=hint)
    hint = f"--adapter {file.parent}" if file.name in (CONFIG, WEIGHTS) else ""
    return UserError(where, "this is a file, not a folder", allowed=WANTED, hint=hint)


def refuse_without_weights(folder: Path) -> UserError:
    """What to say of a folder with a configuration and no weights; pickled ones are not read: that may run code."""
    pickled = [name for name in _PICKLES if (folder / name).exists()]
    if not pickled:
        return UserError(str(folder), f"there is no {WEIGHTS} in it", allowed=WANTED)
    return UserError(
        str(folder / pickled[0]),
        "pickled weights are not loaded: reading them may run code",
        allowed=WEIGHTS,
        hint=_CONVERT.format(old=pickled[0]),
    )


_SHOWN = 8


def _inside(folder: Path) -> str:
    names = sorted(entry.name + "/" * entry.is_dir() for entry in folder.iterdir())
    return ", ".join(names[:_SHOWN]) + ", ..." * (len(names) > _SHOWN) if names else "nothing"
