"""Proof that an adapter is applied, before any reply counts.

PEFT 0.21 loads these without an error: an adapter with missing or with additional keys, with zero weights, with
lora_alpha 0, with NaN in it, and one whose config names fewer modules than it was saved with.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model_state_dict
from safetensors.torch import load_file

from fixtures.errors import UserError
from fixtures.printing import printable
from fixtures.reading.strict import read_json
from suite.engine.target.kinds import CONFIG, WEIGHTS
from suite.engine.target.patterns import Patterns
from suite.engine.target.tensors import EMBEDDINGS, rows_of

LEAST_DIFFERENCE = 1e-5
"""Of any logit on the probe; without an effect the two are equal to the last bit."""
_NAMED = 3
_MOST_TOKENS = 64
_BY_ITSELF = ("lora_bias", "trainable_token_indices", "use_qalora", "velora_config", "monteclora_config", "kasa_config")
"""Settings with which an adapter stays beside the base's weights: PEFT cannot put it into them, or not the same."""


def apply_adapter(base: Any, folder: Path, probe: torch.Tensor, tokens: int = 0) -> Any:
    """The base with the adapter on it, as a model of the base's own kind; UserError unless it is proven to be applied.

    `probe` holds token ids of shape (1, tokens). `tokens` is how many the adapter's own tokenizer has, if it has one:
    the base's vocabulary is extended as the adapter's was.
    """
    with _refusing(folder, "its weights cannot be used"):
        weights = load_file(folder / WEIGHTS)
        problem = weights_problem(weights) or extended(base, weights, tokens)
    if problem:
        raise _refused(folder, problem)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        config = peft_config(folder, base)
        with _refusing(folder, "PEFT cannot load it"):
            model = PeftModel.from_pretrained(base, str(folder), config=config).eval()
    with _refusing(folder, "the model cannot be asked with it"):
        problem = loaded_problem(model, weights) or effect_problem(model, _with_trained(probe, config))
    if problem:
        raise _refused(folder, problem)
    for warning in caught:
        if "missing adapter keys" in str(warning.message):
            raise _refused(folder, first_line(warning.message))
        if issubclass(warning.category, UserWarning):  # the others are for the libraries' own developers
            warnings.warn_explicit(printable(str(warning.message)), warning.category, warning.filename, warning.lineno)
    if not _can_merge(config, weights):
        return model.get_base_model()
    with _refusing(folder, "PEFT cannot merge it"):
        return model.merge_and_unload()  # a fifth faster, with the same replies (benchmarks/prefix.py)


def peft_config(folder: Path, base: Any) -> Any:
    """The adapter's configuration, with the names of this model's modules in the place of patterns.

    Raises UserError for patterns that take too long, and for settings that PEFT does not take.
    """
    patterns = Patterns(read_json(folder / CONFIG), str(folder / CONFIG))
    settings = patterns.over(name for name, _ in base.named_modules() if name)
    with _refusing(folder, f"PEFT cannot read {CONFIG}"):
        config = LoraConfig.from_pretrained(str(folder))
    for name, value in settings.items():
        setattr(config, name, value)
    # Where PEFT looks whether the vocabulary is the base's; a name such as `tiny` would send it to the hub.
    config.base_model_name_or_path = base.config.name_or_path
    return config


def extended(base: Any, weights: Mapping[str, torch.Tensor], tokens: int = 0) -> str:
    """Give the base as many rows of embeddings as the adapter brings, as PEFT does; why that cannot be, or nothing."""
    brought = rows_of({name: tuple(value.shape) for name, value in weights.items()})
    there = base.get_input_embeddings().weight.shape[0]
    rows = max(brought.values(), default=there)
    if tokens > rows:
        return f"its tokenizer has {tokens} tokens, and the embeddings only {rows}: those of the others are not in it"
    if rows == there:
        return ""
    # Without the means, which are drawn: every row is one of the adapter's in the end.
    base.resize_token_embeddings(rows, mean_resizing=False)
    output = base.get_output_embeddings()
    tied = output is None or output.weight is base.get_input_embeddings().weight
    lacking = EMBEDDINGS - set(brought) if not tied else set() if brought else EMBEDDINGS
    return f"the vocabulary was extended to {rows} tokens, without {' and '.join(sorted(lacking))}" if lacking else ""


def weights_problem(weights: Mapping[str, torch.Tensor]) -> str:
    """What is wrong with the saved tensors themselves, or nothing."""
    broken = [name for name, value in weights.items() if not torch.isfinite(value).all()]
    if broken:
        return f"weights that are not finite: {_some(broken)}"
    ups = [value for name, value in weights.items() if ".lora_B" in name or ".lora_embedding_B" in name]
    others = any(".lora_" not in name for name in weights)  # saved whole: the probe tells whether they change anything
    if not others and not any(value.any() for value in ups):
        return "every lora_B is zero, as before training"
    return ""


def loaded_problem(model: Any, weights: Mapping[str, torch.Tensor]) -> str:
    """Which tensors of the file the model does not hold, or holds otherwise, and which it lacks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PEFT takes the biases of a LoRA for matrices that were cut into pieces
        # False: "auto" may ask the hub about the base; embeddings in the file are looked up in the model instead.
        held = get_peft_model_state_dict(model, save_embedding_layers=False)
    missing = sorted(set(held) - set(weights))
    if missing:
        return f"{CONFIG} asks for weights that the file does not have: {_some(missing)}"
    # As they are saved: without the name that PEFT gives to the adapter in the model.
    there = {name.replace(".default", ""): value for name, value in model.state_dict().items()} | held
    unused = [name for name in weights if name not in there]
    if unused:
        return f"{CONFIG} leaves out weights that the file has: {_some(unused)}"
    other = [name for name, value in weights.items() if not _same(there[name], value)]
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


def _with_trained(probe: torch.Tensor, config: Any) -> torch.Tensor:
    """The probe with some of the tokens that the adapter has trained, which no other text might have in it."""
    trained = config.trainable_token_indices or []
    indices = [token for some in trained.values() for token in some] if isinstance(trained, dict) else trained
    more = torch.tensor([list(indices)[:_MOST_TOKENS]], dtype=probe.dtype, device=probe.device)
    return torch.cat([probe, more], dim=1) if indices else probe


def _can_merge(config: Any, weights: Mapping[str, torch.Tensor]) -> bool:
    """Whether the base's weights can take the adapter in; those of a vocabulary may stand at both of its ends."""
    if any(getattr(config, name, None) for name in _BY_ITSELF):
        return False
    return not any(f".{layer}." in name and ".lora_" in name for name in weights for layer in EMBEDDINGS)


def _same(held: torch.Tensor, saved: torch.Tensor) -> bool:
    """Whether the model's tensor is the saved one, in the model's precision."""
    return held.shape == saved.shape and torch.equal(held.cpu(), saved.to(device="cpu", dtype=held.dtype))


@contextmanager
def _refusing(folder: Path, what: str) -> Iterator[None]:
    """Whatever a stranger's settings, names and numbers make a library do is the adapter's fault; memory is not."""
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        raise _refused(folder, f"{what}: {type(error).__name__}: {first_line(error)}") from error


def _refused(folder: Path, problem: str) -> UserError:
    return UserError(f"--adapter {folder}", f"the adapter is not applied: {problem}")


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:_NAMED]) + (f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else "")


def first_line(error: object) -> str:
    """What an exception of a library says, short enough for a person."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
