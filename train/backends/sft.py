"""`python -m train sft`: TRL's `SFTTrainer` with the format's chat template and its generation markers.

TRL renders and tokenises the rows by itself; what it made of them is compared with our own tokens before a step is
taken, because it cuts and drops rows without a word. The template of a stranger has no markers that TRL could go by:
such rows are given to it as tokens. Runs on a CPU; does not cover packing or vision.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from train.backends.material import Prepared
from train.backends.prepare import carry_out, side_by_side
from train.job import Job
from train.rows import packed


def train(job: Job) -> Path:
    """Train the adapter of this job and return its folder."""
    return carry_out(job, build)


def build(work: Prepared) -> Any:
    """The SFTTrainer over `messages` and `tools`; raises UserError if it reads a row otherwise than we do."""
    from trl import SFTConfig, SFTTrainer  # type: ignore[attr-defined]

    from train.backends.learning import Collator, arguments, in_step, load_model

    work = side_by_side(work)
    model = load_model(work)
    _keep_answers(model)
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            **arguments(work),
            **in_step(),
            max_length=work.job.settings.max_length,
            assistant_only_loss=work.format.marks_answers,
            packing=False,
            pad_to_multiple_of=None,
        ),
        processing_class=packed.unpacking(work.tokenizer, work.format.special_tokens),
        train_dataset=_dataset(work),
        data_collator=Collator(work.tokenizer.pad_token_id),
    )
    check_rows(work, trainer.train_dataset)
    return trainer


def _dataset(work: Prepared) -> Any:
    if not work.format.marks_answers:
        return packed.tokenised(work.examples)
    return packed.dataset((work.format.with_developer(row.messages), row.tools) for row in work.rows)


def _keep_answers(model: Any) -> None:
    """Let only those states come to TRL's output layer that `Collator` wants logits of.

    TRL computes logits of all tokens wherever it has no Triton, twice, and does not pass `logits_to_keep` on to where
    transformers would obey it; on a processor that was a sixth of a step.
    """

    def keep(backbone: Any, given: Any, named: Mapping[str, Any], output: Any) -> Any:
        if "logits_to_keep" in named:
            output.last_hidden_state = output.last_hidden_state[:, named["logits_to_keep"]]
        return output

    model.get_base_model().base_model.register_forward_hook(keep, with_kwargs=True)


def check_rows(work: Prepared, tokenised: Any) -> None:
    """Raise UserError unless the trainer's ids and labels are ours, row by row."""
    where = f"--data {work.job.data}"
    if len(tokenised) != len(work.examples):
        raise UserError(where, f"TRL kept {len(tokenised)} of {len(work.examples)} rows")
    pairs = zip(work.rows, work.examples, tokenised, strict=True)
    differing = [
        row.line
        for row, example, theirs in pairs
        if tuple(theirs["input_ids"]) != example.ids or tuple(theirs["labels"]) != example.labels
    ]
    if differing:
        lines = ", ".join(map(str, differing[:10]))
        raise UserError(where, f"TRL reads {len(differing)} rows otherwise than the gate: lines {lines}")
