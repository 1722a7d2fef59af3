"""`python -m train reward`: TRL's `RewardTrainer`, a LoRA with a score head that tells better replies from worse ones.

`--data` is a file of preference pairs, as `python -m train energy` and `pairs` write them (several files may be put
behind each other). With --from, the LoRA begins as the adapter whose replies are to be scored. The run's adapter scores
replies (train/preferences/scoring.py) and writes none, so the gate refuses it. Runs on a CPU; does not cover margins.
The log holds `accuracy` and `margin` by step.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from train.backends.dpo import Encoded, encode_all
from train.backends.material import Material, Prepared
from train.backends.prepare import finish, gather, open_work
from train.job import Job, Settings, told, with_own
from train.preferences.pairs import Pair, digest
from train.preferences.scoring import TASK, headed_base
from train.screen import say

# A fifth of what SFT takes: the head is random at first, and drives the LoRA wherever it happens to point.
DEFAULTS = Settings(epochs=1.0, learning_rate=1e-3)


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardSettings:
    """The settings that only this backend has."""

    center: float = field(
        default=0.01, metadata=told("weight of the squared sum of a pair's scores, which keeps them around 0", 0, 10)
    )


def train(job: Job) -> Path:
    """Train the scorer of this job and return its adapter's folder."""
    material = gather(with_own(job, RewardSettings))
    pairs, encoded = encode_all(brought(material), material)
    kinds = dict(sorted(Counter(pair.kind for pair in pairs).items()))
    say("pairs: " + ", ".join(f"{count} {kind or 'of no kind'}" for kind, count in kinds.items()))
    facts = {"pairs": {"digest": digest(pairs), "count": len(pairs), "kinds": kinds}}
    return finish(open_work(material, facts), partial(build, encoded=encoded))


def brought(material: Material) -> list[Pair]:
    """The pairs that the rows are; raises UserError for a row without a rejected answer, which says nothing here."""
    plain = [row.line for row in material.rows if row.rejected is None]
    if plain:
        raise UserError(
            f"--data {material.job.data}",
            f"{len(plain)} rows bring no rejected answer; the first is line {plain[0]}",
            allowed="preference pairs: prompt, chosen, rejected, tools",
            hint="python -m train energy --out FILE, or python -m train pairs DATA --out FILE",
        )
    return [Pair(row, row.rejected, row.kind) for row in material.rows if row.rejected is not None]


def build(work: Prepared, encoded: Sequence[Encoded]) -> Any:
    """The RewardTrainer over our own token ids; raises UserError if it drops one of the pairs."""
    import datasets  # type: ignore[import-untyped]
    from trl import RewardConfig, RewardTrainer  # type: ignore[attr-defined]

    from train.backends.learning import arguments

    datasets.disable_progress_bars()
    ids = [(prompt + chosen, prompt + rejected) for prompt, chosen, rejected in (pair.ids for pair in encoded)]
    model = load_model(work)
    trainer = RewardTrainer(
        model=model,
        args=RewardConfig(
            **arguments(work),
            center_rewards_coefficient=work.job.own.center or None,
            # Longer pairs were refused; TRL would drop them without a word.
            max_length=None,
            pad_to_multiple_of=None,
            disable_dropout=not work.job.settings.lora_dropout,
        ),
        processing_class=work.tokenizer,
        train_dataset=datasets.Dataset.from_dict(
            {"chosen_ids": [chosen for chosen, _ in ids], "rejected_ids": [rejected for _, rejected in ids]}
        ),
    )
    theirs: Any = trainer.train_dataset
    if len(theirs) != len(encoded):
        raise UserError(f"--data {work.job.data}", f"TRL kept {len(theirs)} of {len(encoded)} pairs")
    return trainer


def load_model(work: Prepared) -> Any:
    """The base with a score head under a LoRA; the LoRA is a fresh one, or begins as the adapter of --from."""
    import torch
    from peft import get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors.torch import load_file
    from transformers import set_seed

    from suite.engine.target.kinds import WEIGHTS
    from train.backends.learning import lora_config

    settings = work.job.settings
    if settings.threads:
        torch.set_num_threads(settings.threads)
    set_seed(settings.seed)
    base = headed_base(work.base)
    config = lora_config(settings)
    config.task_type, config.modules_to_save = TASK, ["score"]
    try:
        with warnings.catch_warnings():
            # PEFT still asks the model for a name that transformers has deprecated.
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
            model = get_peft_model(base, config)
    except ValueError as error:
        raise UserError("--target-modules", f"PEFT cannot adapt this base: {error}") from error
    if work.start and work.start.adapter:
        begun = load_file(work.start.adapter / WEIGHTS)
        held = get_peft_model_state_dict(model, save_embedding_layers=False)
        foreign = sorted(set(begun) - set(held))
        if foreign:
            raise UserError(f"--from {work.start.adapter}", f"a scorer has no place for its {foreign[0]}")
        # PEFT wants every weight there is, the head's too, which the adapter lacks.
        set_peft_model_state_dict(model, {**held, **begun})
    return model
