"""Names and shapes in safetensors files, read from their headers alone, and whether a LoRA's fit a base's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

_LARGEST_HEADER_BYTES = 100_000_000  # the format's own limit
_PART = re.compile(
    r"(?P<module>.+)\.(?P<part>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)(\.weight|\.bias)?"
)
_WRAPPERS = ("base_model", "model", "language_model", "text_model", "transformer")


def read_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor by name; ValueError with the reason if the file is not whole."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, _LARGEST_HEADER_BYTES):
            raise ValueError("its header is cut off, or it is not a safetensors file")
        try:
            header = json.loads(stream.read(length))
            tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
            end = max((entry["data_offsets"][1] for entry in tensors.values()), default=0)
            shapes = {name: tuple(int(n) for n in entry["shape"]) for name, entry in tensors.items()}
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            raise ValueError("its header cannot be read") from None
    if end != size - 8 - length:
        raise ValueError(f"it should hold {end:,} bytes of tensors and holds {size - 8 - length:,}")
    return shapes


def base_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of all weights of a base, without the outer names that differ from save to save."""
    found: dict[str, tuple[int, ...]] = {}
    for file in sorted(folder.glob("*.safetensors")):
        found |= {_inner(name): shape for name, shape in read_shapes(file).items()}
    if "lm_head.weight" not in found and "embed_tokens.weight" in found:
        found["lm_head.weight"] = found["embed_tokens.weight"]  # tied weights are saved once
    return found


def misfit(adapter: Shapes, base: Shapes, *, rank: int | None, transposed: bool = False) -> str:
    """What does not fit first, in words; empty if every tensor of the adapter has its place in the base.

    `rank` is what all modules must have, if they are alike; `transposed` is PEFT's `fan_in_fan_out`.
    """
    modules: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in sorted(adapter.items()):
        match = _PART.fullmatch(name)
        if match:
            modules.setdefault(match["module"], {})[match["part"]] = shape
        elif (wanted := base.get(_inner(name))) is None:
            return f"the base has no {_shown(name)}"
        elif wanted != shape:
            return f"{_shown(name)} has shape {list(shape)}, the base's has {list(wanted)}"
    if not modules:
        return "it holds no LoRA weights"
    problems = (_module_misfit(name, parts, base, rank, transposed) for name, parts in sorted(modules.items()))
    return next(filter(None, problems), "")


def _module_misfit(
    module: str, parts: Mapping[str, tuple[int, ...]], base: Shapes, rank: int | None, transposed: bool
) -> str:
    name, inner = _shown(module), _inner(module)
    weight = base.get(f"{inner}.weight")
    if weight is None and not any(other.startswith(f"{inner}.") for other in base):
        return f"the base has no module {name}"
    embedding = "lora_embedding_A" in parts
    a, b = (parts.get(f"lora_{'embedding_' * embedding}{side}") for side in "AB")
    if a is None or b is None:
        return f"{name} has only one of lora_A and lora_B"
    if len(a) != 2 or len(b) != 2 or weight is None or len(weight) != 2:
        return ""  # convolutions and fused experts: PEFT checks these when it loads
    if a[0] != b[1]:
        return f"{name}: lora_A has rank {a[0]}, lora_B has rank {b[1]}"
    if rank is not None and a[0] != rank:
        return f"{name} has rank {a[0]}, adapter_config.json says r={rank}"
    outputs, inputs = reversed(weight) if transposed or embedding else weight
    if a[1] != inputs:
        return f"{name}: lora_A takes {a[1]} values, the base's module takes {inputs}"
    if b[0] != outputs:
        return f"{name}: lora_B gives {b[0]} values, the base's module gives {outputs}"
    return ""


def _shown(name: str) -> str:
    return name.removeprefix("base_model.model.")


def _inner(name: str) -> str:
    """`base_model.model.model.layers.0.x` and `language_model.model.layers.0.x` as `layers.0.x`."""
    parts = name.split(".")
    while len(parts) > 1 and parts[0] in _WRAPPERS:
        parts = parts[1:]
    return ".".join(parts)
