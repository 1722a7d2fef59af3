"""`python -m train trainer`: plain `transformers.Trainer` over a LoRA; the baseline that other backends are held to.

Runs on a CPU; does not cover packing or quantised bases.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from train.backends.material import Prepared
from train.backends.prepare import carry_out, side_by_side
from train.job import Job


def train(job: Job) -> Path:
    """Train the adapter of this job and return its folder."""
    return carry_out(job, build)


def build(work: Prepared) -> Any:
    """The Trainer over our own ids and labels."""
    from transformers import Trainer, TrainingArguments

    from train.backends.learning import Collator, arguments, in_step, load_model

    rows = [{"input_ids": example.ids, "labels": example.labels} for example in side_by_side(work).examples]
    return Trainer(
        model=load_model(work),
        args=TrainingArguments(**arguments(work), **in_step(), remove_unused_columns=False),
        train_dataset=rows,
        data_collator=Collator(work.tokenizer.pad_token_id),
    )
