"""The run folder: what was asked for, how the loss went, the checkpoints, and in the end the adapter.

RUN/settings.json   everything that decides the weights, with content hashes and library versions
RUN/mask.txt        one row as the model read it, with marks around what was learned
RUN/log.jsonl       the loss by step
RUN/cost.json       seconds of training (of its last stretch, if it was resumed) and peak bytes, of all processes
RUN/adapter/        the adapter, with the tokenizer and the template that it learned with; it is there whole or
                    not at all
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.reading.strict import read_json
from suite.engine.target.recorded import FOUND
from train.processes import is_main

BYTES_OF_PEAK = 1 if sys.platform == "darwin" else 1024
"""What getrusage counts the most memory in."""
LIBRARIES = ("accelerate", "datasets", "peft", "safetensors", "tokenizers", "torch", "transformers", "trl")


@dataclass(frozen=True, slots=True)
class Run:
    """One run folder and the facts that stand in its settings.json."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def adapter(self) -> Path:
        return self.folder / "adapter"

    @property
    def checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    @property
    def log(self) -> Path:
        return self.folder / "log.jsonl"

    @property
    def finished(self) -> bool:
        return self.adapter.is_dir()

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that was written to its end; a kill may leave a later one in pieces."""
        whole = [path for path in self.checkpoints.glob("checkpoint-*") if _is_whole(path)]
        return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)


def _is_whole(checkpoint: Path) -> bool:
    """The Trainer writes trainer_state.json last, so a checkpoint with a readable one is complete."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def check_free(folder: Path, *, resume: bool) -> None:
    """Raise UserError if the folder is taken and --resume was not given, or is no run folder at all.

    Of several processes the first one looks: to the others, its folder would be taken.
    """
    if not is_main():
        return
    settings = folder / "settings.json"
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--out {folder}", "this is a file, not a folder")
    if settings.is_file() and not resume:
        raise UserError(f"--out {folder}", "the folder holds a run already", hint="another --out, or --resume")
    if folder.is_dir() and not settings.is_file() and _visible(folder):
        raise UserError(f"--out {folder}", "the folder is not empty and holds no run", hint="another --out")


def _visible(folder: Path) -> list[Path]:
    """What lies in a folder, but for pieces that a kill left before the first file was whole."""
    return [path for path in folder.iterdir() if not path.name.endswith(".partial")]


def open_run(folder: Path, facts: Mapping[str, Any], mask: str, *, resume: bool) -> Run:
    """A new run folder, or with `resume` the one of the very same job; raises UserError for any other.

    Of several processes, the first one makes it.
    """
    facts = json.loads(json.dumps(facts))
    if not is_main():
        return Run(folder, facts)
    check_free(folder, resume=resume)
    settings = folder / "settings.json"
    if settings.is_file():
        there = _read_settings(settings)
        changed = sorted(_differences(there, facts))
        if changed:
            raise UserError(
                f"--resume {folder}",
                f"the run there was started with other settings: {'; '.join(changed)}",
                hint="give the same settings, or another --out",
            )
        facts = there
    else:
        write_text(settings, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    write_text(folder / "mask.txt", mask)
    return Run(folder, facts)


def _read_settings(path: Path) -> dict[str, Any]:
    found = read_json(path, own=True)
    if not isinstance(found, dict):
        raise UserError(str(path), "this is not a run's settings.json", hint="another --out")
    return found


def _differences(there: Mapping[str, Any], here: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """What differs between two runs' facts; where data, tools and start lie does not matter, their content does."""
    for key in sorted({*there, *here}):
        name, old, new = f"{prefix}{key}", there.get(key), here.get(key)
        if name == f"format.{FOUND}":
            continue  # its digest tells, and a whole template helps nobody
        if isinstance(old, dict) and isinstance(new, dict):
            yield from _differences(old, new, f"{name}.")
        elif old != new and name not in ("data.path", "data.tools", "start.adapter"):
            yield f"{name} was {old}, is {new}"


def save_adapter(run: Run, model: Any, beside: Mapping[str, bytes]) -> Path:
    """Write a PEFT model's adapter with its manifest and the files `beside`, the same bytes for the same weights; drop
    the checkpoints."""
    partial = run.folder / "adapter.partial"
    shutil.rmtree(partial, ignore_errors=True)
    # Embeddings are never trained; PEFT's default would look for the base on the hub to find that out. Of several
    # adapters (DPO's frozen reference is one) only the trained one is the run's.
    model.save_pretrained(partial, save_embedding_layers=False, selected_adapters=["default"])
    (partial / "README.md").unlink(missing_ok=True)
    config = partial / "adapter_config.json"
    written = json.loads(config.read_text(encoding="utf-8"))
    # PEFT keeps the module names as a set and writes them in any order.
    written = {key: sorted(value) if key == "target_modules" else value for key, value in written.items()}
    written["base_model_name_or_path"] = run.facts["base"]["name"]
    config.write_text(json.dumps(written, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (partial / "callproof.json").write_text(json.dumps(manifest(run.facts), indent=2) + "\n", encoding="utf-8")
    for name, content in beside.items():
        (partial / name).write_bytes(content)
    partial.rename(run.adapter)
    shutil.rmtree(run.checkpoints, ignore_errors=True)
    return run.adapter


def peak_memory() -> int:
    """The most bytes of memory that this process has had at a time."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_PEAK


def write_cost(run: Run, seconds: float, peak: int) -> None:
    """What the training took, for `python -m reports compare`."""
    write_text(run.folder / "cost.json", json.dumps({"seconds": round(seconds, 1), "peak_memory_bytes": peak}) + "\n")


def manifest(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What an adapter says of its origin, in its folder's callproof.json."""
    origin = {"start": facts["start"]} if facts.get("start") else {}
    found = {FOUND: facts["format"][FOUND]} if FOUND in facts["format"] else {}
    return {
        "base": facts["base"]["name"],
        "base_digest": facts["base"]["digest"],
        "format": facts["format"]["name"],
        **found,
        "data_digest": facts["data"]["digest"],
        "backend": facts["backend"],
        "libraries": facts["libraries"],
        **origin,
    }
