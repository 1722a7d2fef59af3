"""What is to be gated, as a value, and the refusal of what cannot be; reads files only, loads no model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fixtures.bases import Base, digest_files, resolve_base
from fixtures.errors import UserError
from fixtures.formats import Format, load_format
from suite.calibration import Calibrator, read_calibrator
from suite.engine.target.tensors import base_shapes, misfit, read_shapes
from suite.outcome import Identity

CONFIG, WEIGHTS, MANIFEST = "adapter_config.json", "adapter_model.safetensors", "callproof.json"
_WANTED = f"a PEFT folder with {CONFIG} and {WEIGHTS}, or a run folder with adapter/ in it"
_PICKLES = ("adapter_model.bin", "adapter_model.pt", "adapter_model.pth")
_CONVERT = (
    'python -c "import torch, safetensors.torch as s; '
    "s.save_file(torch.load('{old}', weights_only=True), 'adapter_model.safetensors')\" in that folder, if you trust it"
)
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Target:
    """A base, perhaps an adapter for it, and the format it speaks; `identity` is the same as names and hashes.

    `calibrator` lies in the adapter's folder, if it has one, and is no part of the identity: it changes no reply.
    """

    base: Base
    adapter: Path | None
    format: Format
    identity: Identity
    calibrator: Calibrator | None = None
    base_from: str = "as given"
    """Who says that this is the base: a person, a file of the adapter, or nobody."""
    format_from: str = "as given"

    @property
    def bare(self) -> Target:
        """The same base and format without the adapter."""
        return _target(self.base, None, self.format.name, "none", "none")


def identify(adapter: Path | None, base: str | None, format: str | None, *, calibrated: bool = True) -> Target:
    """The target of a gate; None for `adapter` is the bare base, by default the embedded one.

    What is not given comes from the adapter: base and format from callproof.json, else the base from
    adapter_config.json and the format functiongemma. UserError if anything is missing, damaged or does not fit; with
    `calibrated` False, a calibrator in the folder is not looked at.
    """
    if adapter is None:
        bare = _target(resolve_base(base or "tiny"), None, format or "functiongemma", "none", "none")
        return replace(bare, base_from=_said(base, {}), format_from=_said(format, {}))
    folder = adapter_folder(adapter)
    config = _read_json(folder / CONFIG)
    manifest = _read_json(folder / MANIFEST) if (folder / MANIFEST).exists() else {}
    _check_config(folder, config)
    shapes = _read_weights(folder)
    name = base or manifest.get("base") or config.get("base_model_name_or_path")
    if not name:
        raise UserError(f"--adapter {adapter}", "it does not say which base it is for", hint="--base NAME")
    found = resolve_base(str(name))
    _check_base(folder, manifest, found)
    _check_shapes(folder, config, shapes, found)
    digest = digest_files([folder / CONFIG, folder / WEIGHTS])
    target = replace(
        _target(found, folder, format or str(manifest.get("format", "functiongemma")), str(adapter), digest),
        base_from=_said(base, {MANIFEST: manifest.get("base"), CONFIG: config.get("base_model_name_or_path")}),
        format_from=_said(format, {MANIFEST: manifest.get("format")}),
    )
    return replace(target, calibrator=read_calibrator(folder, target.identity)) if calibrated else target


def _said(given: str | None, files: Mapping[str, Any]) -> str:
    """Who says it: whoever gave it, or else the first of these files that does."""
    file = next((name for name, value in files.items() if value), None)
    return "as given" if given else f"{file} says so" if file else "the default"


def _target(base: Base, folder: Path | None, format: str, adapter: str, adapter_digest: str) -> Target:
    form = load_format(format)
    return Target(base, folder, form, Identity(base.name, base.digest, adapter, adapter_digest, form.name, form.digest))


def adapter_folder(path: Path) -> Path:
    """The PEFT folder that this path means: itself, or `adapter/` in a run folder."""
    where = f"--adapter {path}"
    if not path.exists():
        raise UserError(where, "there is no such folder", allowed=_WANTED)
    if not path.is_dir():
        raise UserError(where, "this is a file, not a folder", allowed=_WANTED)
    for folder in (path, path / "adapter"):
        if (folder / CONFIG).is_file():
            return folder
    names = sorted(entry.name + "/" * entry.is_dir() for entry in path.iterdir())
    there = ", ".join(names[:_SHOWN]) + ", ..." * (len(names) > _SHOWN) if names else "nothing"
    inside = sorted(file.parent.as_posix() for file in path.glob(f"*/{CONFIG}"))
    hint = f"--adapter {inside[-1]}" if inside else ""
    raise UserError(where, f"there is no {CONFIG} in it (there is: {there})", allowed=_WANTED, hint=hint)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(str(file), f"it cannot be read: {error}") from None
    if not isinstance(data, dict):
        raise UserError(str(file), f"it holds {type(data).__name__}, not an object")
    return data


def _check_config(folder: Path, config: Mapping[str, Any]) -> None:
    kind = config.get("peft_type")
    if kind != "LORA":
        raise UserError(f"{folder / CONFIG} peft_type", f"peft_type={kind!r} is not supported", allowed="LORA")
    task = config.get("task_type")
    if task not in (None, "CAUSAL_LM"):
        scores = task == "SEQ_CLS"
        problem = f"task_type={task!r}: " + ("it scores replies and writes none" if scores else "it writes no replies")
        hint = "a run of another backend; scorers are for python -m train grpo --scorer" if scores else ""
        raise UserError(f"{folder / CONFIG} task_type", problem, allowed="CAUSAL_LM", hint=hint)


def _read_weights(folder: Path) -> dict[str, tuple[int, ...]]:
    """The adapter's shapes; pickled weights are refused because reading them may run code."""
    file = folder / WEIGHTS
    if not file.is_file():
        pickled = [name for name in _PICKLES if (folder / name).exists()]
        if pickled:
            raise UserError(
                str(folder / pickled[0]),
                "pickled weights are not loaded: reading them may run code",
                allowed=WEIGHTS,
                hint=_CONVERT.format(old=pickled[0]),
            )
        raise UserError(str(folder), f"there is no {WEIGHTS} in it", allowed=_WANTED)
    try:
        return read_shapes(file)
    except (OSError, ValueError) as error:
        raise UserError(str(file), f"it is damaged: {error}", hint="copy or save the adapter again") from None


def _check_base(folder: Path, manifest: Mapping[str, Any], base: Base) -> None:
    recorded = manifest.get("base_digest")
    if recorded and recorded != base.digest:
        raise UserError(
            f"{folder / MANIFEST} base_digest",
            f"the adapter was trained on {manifest.get('base')} with hash {recorded}; {base.name} has {base.digest}",
            hint="--base with the base of that hash, or train the adapter again",
        )


def _check_shapes(folder: Path, config: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]], base: Base) -> None:
    rank = config.get("r") if not config.get("rank_pattern") else None
    try:
        weights = base_shapes(base.path)
    except (OSError, ValueError) as error:
        raise UserError(f"--base {base.name}", f"weights in {base.path} are damaged: {error}") from None
    problem = misfit(shapes, weights, rank=rank, transposed=bool(config.get("fan_in_fan_out")))
    if problem:
        raise UserError(
            str(folder / WEIGHTS), f"does not fit the base {base.name}: {problem}", hint="--base with its own base"
        )
