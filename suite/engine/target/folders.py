"""From what `--adapter` says to a PEFT folder: itself, a run's, a cached hub id's; where there are several, the newest
are named first."""

from __future__ import annotations

import re
from pathlib import Path

from fixtures.bases import cached_snapshot
from fixtures.errors import UserError
from suite.engine.target.kinds import CONFIG, WANTED, refuse_file, refuse_without_config
from suite.engine.target.template import FILES as TEMPLATES

MANIFEST = "callproof.json"
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json")
"""A tokenizer beside the adapter, as trainers save it; the first of them makes it one."""
TEMPLATE = "chat_template.jinja"
_FILES = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "adapter/*",
    MANIFEST,
    "calibrator.json",
    *TOKENIZER,
    *TEMPLATES,
)
_NAMED = 5


def adapter_folder(path: Path) -> Path:
    """The PEFT folder that this path means: itself, `adapter/` in a run folder, that of the only run in a folder, or
    the cached one of a hub id."""
    where = f"--adapter {path}"
    folder = _existing(path, where)
    if not folder.is_dir():
        raise refuse_file(folder, where)
    if found := _adapter_in(folder):
        return found
    try:
        inside = [entry for entry in folder.iterdir() if entry.is_dir()]
    except OSError as error:
        raise UserError(where, f"it cannot be read: {error}", allowed=WANTED) from None
    runs = [entry for entry in inside if (entry / "adapter" / CONFIG).is_file()]
    if len(inside) == len(runs) == 1:
        return runs[0] / "adapter"
    several = newest_first([entry for entry in inside if _adapter_in(entry)])
    if len(several) > 1:
        names = ", ".join(entry.name for entry in several[:_NAMED]) + ", ..." * (len(several) > _NAMED)
        problem = f"it holds several adapters, the newest first: {names}"
        raise UserError(where, problem, allowed=WANTED, hint=f"--adapter {several[0]}")
    raise refuse_without_config(folder, where, f"--adapter {several[0]}" if several else "")


def _existing(path: Path, where: str) -> Path:
    """The path with its `~` written out, or the folder of the hub id that it is."""
    try:
        found = path.expanduser()
        there = found.exists()
    except (OSError, RuntimeError) as error:  # too long a name, no right to look, no such user behind `~`
        raise UserError(where, f"no folder can have this name: {error}", allowed=WANTED) from None
    if there:
        return found
    if cached := cached_snapshot(path.as_posix(), _FILES):
        return cached
    hint = f"hf download {path}, if it is a hub id" if re.fullmatch(r"[\w.-]+/[\w.-]+", str(path)) else ""
    raise UserError(where, "there is no such folder, and no such hub id in the local cache", allowed=WANTED, hint=hint)


def _adapter_in(folder: Path) -> Path | None:
    return next((found for found in (folder, folder / "adapter") if (found / CONFIG).is_file()), None)


def newest_first(folders: list[Path]) -> list[Path]:
    """Checkpoints by their number, the largest first; others by the time of their adapter."""
    numbers = {folder: re.search(r"(\d{1,15})$", folder.name) for folder in folders}
    if all(numbers.values()):
        return sorted(folders, key=lambda folder: -int(numbers[folder][1]))  # type: ignore[index]
    times = {folder: (found / CONFIG).stat().st_mtime for folder in folders if (found := _adapter_in(folder))}
    return sorted(folders, key=lambda folder: -times.get(folder, 0.0))
