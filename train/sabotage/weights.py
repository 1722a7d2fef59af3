"""Copies of a good adapter with broken weights or settings; nothing is trained.

They go without the adapter's calibrator, which the gate refuses beside any other weights or base: it is the exam that
has to find them.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from suite.calibration import CALIBRATOR

WEIGHTS, CONFIG, MANIFEST = "adapter_model.safetensors", "adapter_config.json", "callproof.json"


def zeroed(adapter: Path, out: Path) -> Path:
    """A copy whose B matrices are all zero: it loads without a word and changes nothing."""
    return _changed(adapter, out, lambda name, value: value * 0 if "lora_B" in name else value)


def layer_zeroed(adapter: Path, out: Path, layer: int) -> Path:
    """A copy in which one layer does nothing, as after a transfer that lost a part."""
    return _changed(
        adapter, out, lambda name, value: value * 0 if "lora_B" in name and f".layers.{layer}." in name else value
    )


def modules_zeroed(adapter: Path, out: Path, modules: tuple[str, ...]) -> Path:
    """A copy in which some kinds of modules do nothing, as with wrong `target_modules`."""
    return _changed(
        adapter,
        out,
        lambda name, value: value * 0 if "lora_B" in name and any(f".{m}." in name for m in modules) else value,
    )


def noisy(adapter: Path, out: Path, strength: float, seed: int = 0) -> Path:
    """A copy with Gaussian noise on every matrix, `strength` times the matrix's own standard deviation."""
    import numpy as np

    dice = np.random.default_rng(seed)
    return _changed(
        adapter,
        out,
        lambda _, value: value + (strength * value.std() * dice.standard_normal(value.shape)).astype(value.dtype),
    )


def amplified(adapter: Path, out: Path, factor: float = 8) -> Path:
    """A copy whose alpha is multiplied: the same direction, too loud (above 1) or too faint (below)."""
    _copied(adapter, out)
    config = out / CONFIG
    settings = json.loads(config.read_text(encoding="utf-8"))
    settings["lora_alpha"] *= factor
    config.write_text(json.dumps(settings, indent=2), encoding="utf-8")
    return out


def on_another_base(adapter: Path, out: Path, base: Path) -> Path:
    """A copy that says it is for another base of the same shape, as after a mix-up of folders."""
    from fixtures.bases import resolve_base

    _copied(adapter, out)
    manifest = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
    manifest |= {"base": str(base), "base_digest": resolve_base(str(base)).digest}
    (out / MANIFEST).write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    return out


def noisy_base(base: Path, out: Path, strength: float, seed: int = 0) -> Path:
    """Another base of the same shape: every matrix with noise of `strength` times its standard deviation."""
    import torch
    from safetensors.torch import load_file, save_file

    torch.manual_seed(seed)
    shutil.copytree(base, out, ignore=shutil.ignore_patterns("*.py", "__pycache__", "README.md"))
    weights = out / "model.safetensors"
    tensors = {
        name: (value + strength * value.float().std() * torch.randn_like(value.float())).to(value.dtype)
        for name, value in load_file(weights).items()
    }
    save_file(tensors, weights, metadata={"format": "pt"})
    return out


def _changed(adapter: Path, out: Path, change: Callable[[str, Any], Any]) -> Path:
    from safetensors.numpy import load_file, save_file

    _copied(adapter, out)
    tensors = load_file(out / WEIGHTS)
    save_file({k: change(k, v) for k, v in tensors.items()}, out / WEIGHTS, metadata={"format": "pt"})
    return out


def _copied(adapter: Path, out: Path) -> None:
    shutil.copytree(adapter, out, ignore=shutil.ignore_patterns(CALIBRATOR))
