"""The backends by name, and `train`, which carries a job out with the one it names."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from train.backends import dpo, grpo, rejection, reward
from train.job import Job, Settings


@dataclass(frozen=True, slots=True)
class Backend:
    """A module with `train(job) -> Path`, named and not imported: a backend may import what it likes.

    `own` is a dataclass of settings that only this backend has, `defaults` what the shared settings are by default;
    whoever gives one of them keeps heavy imports inside functions, because it is read for --help. `then` tells a person
    what to do with the run.
    """

    module: str
    about: str
    own: type[Any] | None = None
    defaults: Settings = field(default_factory=Settings)
    then: str = "gate it with: pytest --adapter {run}"


BACKENDS: Mapping[str, Backend] = {
    "trainer": Backend("train.backends.trainer", "plain transformers.Trainer with LoRA: the baseline"),
    "sft": Backend("train.backends.sft", "TRL's SFTTrainer, loss on the assistant's answers only"),
    "dpo": Backend(
        "train.backends.dpo", "TRL's DPOTrainer on preference pairs, from an SFT adapter", dpo.DpoSettings, dpo.DEFAULTS
    ),
    "rejection": Backend(
        "train.backends.rejection",
        "sample from an adapter, keep what satisfies the contracts, fine-tune on it, and again",
        rejection.RejectionSettings,
        rejection.DEFAULTS,
    ),
    "reward": Backend(
        "train.backends.reward",
        "TRL's RewardTrainer on preference pairs: a scorer of replies",
        reward.RewardSettings,
        reward.DEFAULTS,
        then="route with it: python -m benchmarks.energy --adapter RUN --scorer {run}",
    ),
    "grpo": Backend(
        "train.backends.grpo",
        "TRL's GRPOTrainer with the gate's contracts as rewards",
        grpo.GrpoSettings,
        grpo.DEFAULTS,
    ),
}


def train(job: Job) -> Path:
    """Train with the job's backend and return the adapter's folder."""
    adapter: Path = importlib.import_module(BACKENDS[job.backend].module).train(job)
    return adapter
