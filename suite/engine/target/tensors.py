"""Names and shapes in safetensors files, read from their headers alone, and whether a LoRA's fit a base's."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from fixtures.reading.strict import NotJson, parse_strictly

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]

_LARGEST_HEADER_BYTES = 100_000_000  # the format's own limit
_PART = re.compile(
    r"(?P<module>.+)\.(?P<part>lora_A|lora_B|lora_embedding_A|lora_embedding_B|lora_magnitude_vector)"
    r"(\.(?P<kind>weight|bias))?"
)
_LAYER = re.compile(r"(.*?)\.\d+\.")
_WRAPPER = re.compile(r"\.(base_layer|modules_to_save|original_module|token_adapter)(?=\.)")
_TOKENS = "token_adapter.trainable_tokens_delta"
EMBEDDINGS = frozenset({"embed_tokens", "lm_head"})
"""What PEFT takes for a vocabulary's layers, and saves whole where they were resized."""
_WRAPPERS = ("base_model", "model", "language_model", "text_model", "transformer")


def read_shapes(file: Path) -> dict[str, tuple[int, ...]]:
    """The shape of every tensor by name; ValueError with the reason if the file is not whole, or no file."""
    if not file.is_file():
        raise ValueError("it is no regular file")
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or length > min(size - 8, _LARGEST_HEADER_BYTES):
            raise ValueError("its header is cut off, or it is not a safetensors file")
        header = parse_strictly(stream.read(length), limit=_LARGEST_HEADER_BYTES)
    if isinstance(header, NotJson) or not isinstance(header, dict):
        reason = f": {header.reason}" if isinstance(header, NotJson) else ""
        raise ValueError(f"its header cannot be read{reason}")
    tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
    try:
        end = max((_whole(entry["data_offsets"][1]) for entry in tensors.values()), default=0)
        shapes = {name: tuple(map(_whole, entry["shape"])) for name, entry in tensors.items()}
    except (ValueError, KeyError, TypeError, AttributeError, IndexError):
        raise ValueError("its header cannot be read") from None
    if end != size - 8 - length:
        raise ValueError(f"it should hold {end:,} bytes of tensors and holds {size - 8 - length:,}")
    return shapes


def _whole(number: object) -> int:
    """A count, as which some would pass off a fraction, a truth value or less than nothing."""
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < 2**63:
        raise ValueError
    return number


def base_names(folder: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of all weights of a base, by the names they were saved under."""
    return {
        name: shape
        for file in sorted(folder.glob("*.safetensors"))
        if file.is_file()
        for name, shape in read_shapes(file).items()
    }


def base_shapes(names: Shapes) -> dict[str, tuple[int, ...]]:
    """Those, without the outer names that differ from save to save."""
    found = {_inner(name): shape for name, shape in names.items()}
    if "lm_head.weight" not in found and "embed_tokens.weight" in found:
        found["lm_head.weight"] = found["embed_tokens.weight"]  # tied weights are saved once
    return found


def lora_modules(adapter: Shapes) -> dict[str, dict[str, tuple[int, ...]]]:
    """The parts of each module's LoRA, by the module's name in the model."""
    modules: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in sorted(adapter.items()):
        if (match := _PART.fullmatch(name)) and match["kind"] != "bias":
            modules.setdefault(_shown(match["module"]), {})[match["part"]] = shape
    return modules


def rows_of(adapter: Shapes) -> dict[str, int]:
    """How many tokens the adapter's own copies of the embeddings and of the output layer have, by what they are."""
    saved = {name: shape for name, shape in adapter.items() if not name.endswith(_TOKENS)}
    whole = ((_inner(_plain(name)).removesuffix(".weight"), shape) for name, shape in saved.items())
    return {name: shape[0] for name, shape in whole if name in EMBEDDINGS and len(shape) == 2}


def with_rows(base: Shapes, adapter: Shapes) -> Shapes:
    """The base's shapes once its vocabulary has been extended to that of the adapter."""
    rows = max(rows_of(adapter).values(), default=0)
    layers = {name for layer in EMBEDDINGS if len(base.get(name := f"{layer}.weight", ())) == 2}
    return {**base, **{name: (rows, base[name][1]) for name in layers}} if rows else base


def misfit(adapter: Shapes, base: Shapes, *, ranks: Mapping[str, int | None], transposed: bool = False) -> str:
    """What does not fit first, in words; empty if every tensor of the adapter has its place in the base.

    `ranks` are what the modules must have, where that is known; `transposed` is PEFT's `fan_in_fan_out`.
    """
    for name, shape in sorted(adapter.items()):
        if _PART.fullmatch(name):
            continue
        plain = _plain(name)
        wanted = base.get(_inner(plain))
        if wanted is None:
            return f"the base has no {_shown(plain)}"
        if name.endswith(_TOKENS):
            if len(shape) != 2 or shape[1] != wanted[1] or shape[0] > wanted[0]:
                return f"{_shown(name)} has shape {list(shape)}, the base's {_shown(plain)} has {list(wanted)}"
        elif wanted != shape:
            return f"{_shown(name)} has shape {list(shape)}, the base's has {list(wanted)}"
    modules = lora_modules(adapter)
    if not modules:
        return "it holds no LoRA weights"
    problems = (_module_misfit(name, parts, base, ranks.get(name), transposed) for name, parts in modules.items())
    return next(filter(None, problems), "")


def left_out(adapter: Shapes, names: Shapes, asks_for: Callable[[str], bool]) -> list[str]:
    """Modules of the base that the configuration asks for and the adapter's file has nothing for.

    Only where names in the file are those in the base's, and only in the stacks of layers that the file is about: of
    what else a base has (a part that sees, experts put together), PEFT alone knows the names.
    """
    there = {name for name in lora_modules(adapter) if _stack(name)}
    saved = {name.removesuffix(".weight") for name, shape in names.items() if len(shape) == 2}
    if not there <= saved:
        return []
    stacks = {_stack(name) for name in there}
    return sorted(name for name in saved - there if _stack(name) in stacks and asks_for(name))


def _stack(module: str) -> str:
    """`model.layers` of `model.layers.0.mlp.up_proj`; empty for what is in no stack of layers."""
    match = _LAYER.match(module)
    return match[1] if match else ""


def _plain(name: str) -> str:
    """The name that a tensor has in the base: PEFT has put its module into wrappers of its own."""
    return _WRAPPER.sub("", name.replace(f".{_TOKENS}", ".weight"))


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
