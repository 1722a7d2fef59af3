"""Proof that an adapter is applied, before any reply counts.

PEFT 0.21 loads these without an error: an adapter with missing or with additional keys, with zero weights, with
lora_alpha 0, with NaN in it, and one whose config names fewer modules than it was saved with.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file

from fixtures.errors import UserError
from suite.engine.target.identify import CONFIG, WEIGHTS

LEAST_DIFFERENCE = 1e-5
"""Of any logit on the probe; without an effect the two are equal to the last bit."""
_NAMED = 3


def apply_adapter(base: Any, folder: Path, probe: torch.Tensor) -> Any:
    """The base with the adapter on it, as a PeftModel; UserError unless it is proven to be applied.

    `probe` holds token ids of shape (1, tokens).
    """
    weights = load_file(folder / WEIGHTS)
    problem = weights_problem(weights)
    if problem:
        raise _refused(folder, problem)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = PeftModel.from_pretrained(base, str(folder)).eval()
        except (RuntimeError, ValueError, TypeError, KeyError, OSError) as error:
            raise _refused(folder, f"PEFT cannot load it: {first_line(error)}") from error
    problem = loaded_problem(model, weights) or effect_problem(model, probe)
    if problem:
        raise _refused(folder, problem)
    for warning in caught:
        if "missing adapter keys" in str(warning.message):
            raise _refused(folder, first_line(warning.message))
        if issubclass(warning.category, UserWarning):  # the others are for the libraries' own developers
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    return model


def weights_problem(weights: Mapping[str, torch.Tensor]) -> str:
    """What is wrong with the saved tensors themselves, or nothing."""
    broken = [name for name, value in weights.items() if not torch.isfinite(value).all()]
    if broken:
        return f"weights that are not finite: {_some(broken)}"
    ups = [value for name, value in weights.items() if ".lora_B" in name or ".lora_embedding_B" in name]
    if not any(value.any() for value in ups):
        return "every lora_B is zero, as before training"
    return ""


def loaded_problem(model: Any, weights: Mapping[str, torch.Tensor]) -> str:
    """Which tensors of the file the model does not hold, or holds otherwise, and which it lacks."""
    # False: "auto" may ask the hub about the base; embeddings in the file are looked up in the model instead.
    held = get_peft_model_state_dict(model, save_embedding_layers=False)
    missing = sorted(set(held) - set(weights))
    if missing:
        return f"{CONFIG} asks for weights that the file does not have: {_some(missing)}"
    inner = model.state_dict()
    unused = [name for name in weights if name not in held and name not in inner]
    if unused:
        return f"{CONFIG} leaves out weights that the file has: {_some(unused)}"
    other = [name for name, value in weights.items() if not _same(held.get(name, inner.get(name)), value)]
    if other:
        return f"weights in the model differ from those in the file: {_some(other)}"
    config = model.peft_config["default"]
    if config.lora_alpha == 0 and not any((config.alpha_pattern or {}).values()):
        return "lora_alpha is 0, so the adapter is multiplied away"
    return ""


@torch.inference_mode()
def effect_problem(model: Any, probe: torch.Tensor) -> str:
    """Whether the model answers the probe just as its base does."""
    with_adapter = model(input_ids=probe).logits.float()
    with model.disable_adapter():
        without = model(input_ids=probe).logits.float()
    if not torch.isfinite(with_adapter).all():
        return "with it the model's logits are not finite"
    difference = float((with_adapter - without).abs().max())
    if difference <= LEAST_DIFFERENCE:
        return f"it changes nothing: on a probe no logit moves by more than {difference:.1e}"
    return ""


def _same(held: torch.Tensor | None, saved: torch.Tensor) -> bool:
    """Whether the model's tensor is the saved one, in the model's precision."""
    return (
        held is not None
        and held.shape == saved.shape
        and torch.equal(held.cpu(), saved.to(device="cpu", dtype=held.dtype))
    )


def _refused(folder: Path, problem: str) -> UserError:
    return UserError(f"--adapter {folder}", f"the adapter is not applied: {problem}")


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:_NAMED]) + (f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else "")


def first_line(error: object) -> str:
    """What an exception of a library says, short enough for a person."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
