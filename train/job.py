"""What is to be trained, as one value: every backend takes a `Job` and gives back the folder of an adapter.

A backend with settings of its own declares them as a frozen dataclass of `told` fields, like `Settings`, in its file;
train/cli.py makes options of them, `check` holds them to their ranges, and they stand with the others in settings.json.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from fixtures.errors import UserError
from fixtures.formats.found import NOTHING, Given

Schedule = Literal["linear", "cosine", "constant"]
Precision = Literal["auto", "fp32", "bf16"]
SCHEDULES: tuple[Schedule, ...] = ("linear", "cosine", "constant")
PRECISIONS: tuple[Precision, ...] = ("auto", "fp32", "bf16")
ALL_LINEAR = "all-linear"
TRACKERS = ("tensorboard", "trackio", "mlflow")
"""What transformers reports to and callproof has an extra for; each is the name of its package."""


def told(
    about: str, low: float = -math.inf, high: float = math.inf, *, choices: Sequence[str] | None = None
) -> dict[str, Any]:
    """A field's help text, and the closed range or the words that it must be of; for int, float, str and texts."""
    return {"help": about, "low": low, "high": high, "choices": choices}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The hyperparameters that all backends share; the defaults suit the embedded base and a few hundred rows."""

    epochs: float = field(default=2.0, metadata=told("how often every row is seen", 1e-6))
    learning_rate: float = field(default=5e-4, metadata=told("peak learning rate", 1e-12, 1.0))
    schedule: Schedule = field(
        default="linear", metadata=told("how the rate falls after the warm-up", choices=SCHEDULES)
    )
    warmup: float = field(
        default=0.05, metadata=told("warm-up: below 1 a share of all steps, from 1 on a number of steps", 0)
    )
    batch_size: int = field(
        default=1, metadata=told("rows a forward pass; on a CPU one is fastest, because nothing has to be padded", 1)
    )
    gradient_accumulation: int = field(default=1, metadata=told("forward passes an optimiser step", 1))
    weight_decay: float = field(default=0.0, metadata=told("AdamW's weight decay", 0))
    lora_r: int = field(default=64, metadata=told("rank of the LoRA matrices", 1))
    lora_alpha: int = field(default=128, metadata=told("LoRA's scale: the update is weighted with alpha / r", 1))
    lora_dropout: float = field(default=0.0, metadata=told("dropout on LoRA's input", 0, 0.99))
    target_modules: tuple[str, ...] = field(
        default=(ALL_LINEAR,), metadata=told("modules to adapt, comma-separated, or all-linear (not the output layer)")
    )
    max_length: int = field(
        default=2048, metadata=told("tokens a row may have; a longer row is an error, never cut", 8)
    )
    precision: Precision = field(
        default="auto",
        metadata=told(
            "of the arithmetic: bf16 if the machine has it built in (auto), or one of the two", choices=PRECISIONS
        ),
    )
    seed: int = field(
        default=0, metadata=told("decides the LoRA matrices' start, the order of rows and the dropout", 0, 2**32 - 1)
    )
    threads: int = field(default=0, metadata=told("CPU threads; 0 leaves it to torch", 0, 1024))
    report_to: tuple[str, ...] = field(
        default=(), metadata=told(f"trackers that follow the run, comma-separated: {', '.join(TRACKERS)}")
    )
    save_steps: int = field(
        default=50, metadata=told("optimiser steps between checkpoints, from which --resume goes on", 1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of one backend: the data, the base, the format, where the run folder goes, and the settings.

    `tools` is a catalog (a file or a shipped name) for rows that bring no tools of their own. `context_field` names a
    field of each row that goes into the prompt; `drop_ungrounded` leaves out rows that teach to make values up, which
    is asked after the context is there. `trust_calls` takes
    calls as they are, undeclared or against their schema; it is for adapters that are sabotaged to try the gate, and no
    command line offers it.

    `start` is the run, or the folder of the adapter, to go on from; the base, the format and the shape of the LoRA are
    that adapter's then. Without one, `base` and `format` are by default the embedded base and FunctionGemma's; the
    format `auto` is what the chat template of the base writes, or the one that is `given`.
    `own` holds the settings that only this backend has, as a dataclass of its own.
    """

    backend: str
    data: Path
    out: Path
    tools: str | None = None
    base: str | None = None
    format: str | None = None
    given: Given = NOTHING
    start: Path | None = None
    skip_bad_rows: bool = False
    drop_ungrounded: bool = False
    context_field: str = ""
    trust_calls: bool = False
    resume: bool = False
    settings: Settings = field(default_factory=Settings)
    own: Any = None


def with_own(job: Job, kind: type[Any]) -> Job:
    """The job with settings of this kind as its own; the defaults, if it brings none."""
    return job if isinstance(job.own, kind) else replace(job, own=kind())


def check(settings: Any) -> None:
    """Raise UserError for a setting (shared, or of one backend only) outside its range."""
    for f in fields(settings):
        value = getattr(settings, f.name)
        low, high = f.metadata["low"], f.metadata["high"]
        option = "--" + f.name.replace("_", "-")
        if isinstance(value, float) and not math.isfinite(value):
            raise UserError(option, f"{value} is not a finite number")
        if isinstance(value, int | float) and not low <= value <= high:
            allowed = f"from {low:g}" + (f" to {high:g}" if math.isfinite(high) else " on")
            raise UserError(option, f"{value} is out of range", allowed=allowed)
        choices = f.metadata["choices"]
        if choices and value not in choices:
            raise UserError(option, f"{value!r} is not known", allowed=", ".join(choices))
    if isinstance(settings, Settings):
        _check_targets(settings.target_modules)
        _check_trackers(settings.report_to)


def _check_trackers(names: tuple[str, ...]) -> None:
    for name in names:
        if name not in TRACKERS:
            raise UserError("--report-to", f"{name!r} is not known", allowed=", ".join(TRACKERS))
        if find_spec(name) is None:
            raise UserError("--report-to", f"{name} is not installed", hint=f'pip install "callproof[{name}]"')


def _check_targets(targets: tuple[str, ...]) -> None:
    if not targets or not all(targets):
        raise UserError("--target-modules", "names no module", hint=f"--target-modules {ALL_LINEAR}")
    if ALL_LINEAR in targets and len(targets) > 1:
        raise UserError("--target-modules", f"{ALL_LINEAR} stands alone", hint=f"--target-modules {ALL_LINEAR}")
    if any(target.split(".")[-1] in ("lm_head", "embed_tokens") for target in targets):
        raise UserError(
            "--target-modules",
            "the embedding and the output layer are not adapted: TRL's SFTTrainer cannot train an adapter on the"
            " output layer, and all backends take the same LoRA",
        )


def as_json(job: Job) -> dict[str, Any]:
    """The job's settings as they stand in settings.json, those of its backend behind the shared ones."""
    return asdict(job.settings) | (asdict(job.own) if job.own is not None else {})
