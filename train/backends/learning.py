"""What the Trainer backends share: the base under a LoRA, the arguments, the log, resuming, saving the adapter.

Imported only once a job has been checked, because it imports torch.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from torch import distributed
from transformers import AutoModelForCausalLM, PrinterCallback, Trainer, TrainerCallback, set_seed
from transformers.utils import logging as transformers_logging

from fixtures.cores import has_bfloat16
from fixtures.errors import UserError
from suite.engine.target.applied import loaded_problem, peft_config
from suite.engine.target.kinds import WEIGHTS
from train.backends.material import Prepared
from train.backends.run import peak_memory, save_adapter
from train.backends.serving import beside
from train.job import ALL_LINEAR, Settings
from train.processes import count
from train.rows.pieces import IGNORED
from train.screen import Bar

_CHECKPOINTS_KEPT = 2
"""The last one, and one more in case a kill leaves the last one in pieces."""


def lora_config(settings: Settings) -> LoraConfig:
    """The LoRA that every backend puts over the base."""
    targets = settings.target_modules
    return LoraConfig(
        r=settings.lora_r,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=ALL_LINEAR if targets == (ALL_LINEAR,) else list(targets),
        task_type="CAUSAL_LM",
    )


def load_model(work: Prepared) -> Any:
    """The base in float32 under the adapter that the job goes on from, or a fresh one, whose start the seed decides.

    Raises UserError for unknown modules, for an adapter that PEFT does not take as it is, and for several GPUs.
    """
    _check_devices()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    settings = work.job.settings
    if settings.threads:
        torch.set_num_threads(settings.threads)
    try:
        base = AutoModelForCausalLM.from_pretrained(
            work.base.path, dtype=torch.float32, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise UserError(f"--base {work.base.name}", f"transformers cannot load this base: {error}") from error
    set_seed(settings.seed)
    with quiet():
        if work.start and work.start.adapter:
            return _going_on(base, work.start.adapter, settings)
        _check_targets(base, settings.target_modules)
        return get_peft_model(base, lora_config(settings))


def _check_devices() -> None:
    """One process with several GPUs would cut every batch along its rows, which not all of its parts have."""
    seen = torch.cuda.device_count()
    if count() == 1 and seen > 1:
        hint = f"--processes {seen} for one each, or CUDA_VISIBLE_DEVICES=0 for one of them"
        raise UserError("train", f"one process sees {seen} GPUs and can train on one only", hint=hint)


@contextmanager
def quiet() -> Iterator[None]:
    """PEFT and TRL still ask a model for a name that transformers has deprecated; no user can change that."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        yield


def _going_on(base: Any, adapter: Path, settings: Settings) -> Any:
    """The base under a copy of this adapter that can be trained, proven to be there tensor by tensor."""
    config = peft_config(adapter, base)
    config.lora_dropout, config.inference_mode = settings.lora_dropout, False
    model = PeftModel.from_pretrained(base, str(adapter), is_trainable=True, config=config)
    problem = loaded_problem(model, load_file(adapter / WEIGHTS))
    if problem:
        raise UserError(f"--from {adapter}", f"the adapter is not applied: {problem}")
    return model


def _check_targets(base: Any, targets: Sequence[str]) -> None:
    linear = {name for name, module in base.named_modules() if isinstance(module, torch.nn.Linear)}
    for target in targets:
        if target != ALL_LINEAR and not any(name == target or name.endswith(f".{target}") for name in linear):
            short = sorted({name.rpartition(".")[2] for name in linear} - {"lm_head"})
            raise UserError(
                "--target-modules", f"the base has no linear module {target!r}", allowed=", ".join([ALL_LINEAR, *short])
            )


def arguments(work: Prepared) -> dict[str, Any]:
    """The keyword arguments of TrainingArguments and its heirs; dtype and order are the same for all backends."""
    settings = work.job.settings
    return {
        "output_dir": str(work.run.checkpoints),
        "num_train_epochs": settings.epochs,
        "learning_rate": settings.learning_rate,
        "lr_scheduler_type": settings.schedule if settings.schedule != "constant" else "constant_with_warmup",
        "warmup_steps": settings.warmup,
        "per_device_train_batch_size": settings.batch_size,
        "gradient_accumulation_steps": settings.gradient_accumulation,
        "weight_decay": settings.weight_decay,
        "seed": settings.seed,
        "save_strategy": "steps",
        "save_steps": settings.save_steps,
        "save_total_limit": _CHECKPOINTS_KEPT,
        "logging_steps": 1,
        # A diverged run must show: the default would log the average instead of nan.
        "logging_nan_inf_filter": False,
        "disable_tqdm": True,
        "report_to": list(settings.report_to),
        "use_cpu": not torch.cuda.is_available(),
        "bf16": settings.precision == "bf16" or (settings.precision == "auto" and has_bfloat16()),
        "activation_checkpointing": False,
        "dataloader_pin_memory": torch.cuda.is_available(),
        # All that is trained is used in each step; torch would look for what is not, and warn that it found nothing.
        "ddp_find_unused_parameters": False if count() > 1 else None,
    }


def in_step() -> dict[str, Any]:
    """More keyword arguments, for several processes that learn rows of ids in the order of `side_by_side`."""
    return {"train_sampling_strategy": "sequential"} if count() > 1 else {}


def memory_of_all() -> int:
    """The most bytes that each of the processes of this training has had, added up."""
    peaks = [peak_memory()] * count()
    if count() > 1:
        distributed.all_gather_object(peaks, peak_memory())
    return sum(peaks)


def part() -> None:
    """Close what connects this process with those it trained with, if any.

    Left to the end of Python, threads of gloo may still hold tensors when the interpreter is gone, and abort a process
    whose work is done (pytorch pull request 179291).
    """
    if distributed.is_initialized():
        distributed.destroy_process_group()


class Collator:
    """Rows of ids and labels as one batch, padded on the right.

    `logits_to_keep` names the columns after which a token of an answer comes, and `shift_labels` those tokens, so that
    the output layer computes nothing that the loss throws away; both are transformers' own arguments.
    """

    def __init__(self, pad: int) -> None:
        self.pad = pad

    def __call__(self, rows: Sequence[Mapping[str, Sequence[int]]]) -> dict[str, torch.Tensor]:
        length = max(len(row["input_ids"]) for row in rows)

        def padded(key: str, fill: int) -> torch.Tensor:
            return torch.tensor([[*row[key], *[fill] * (length - len(row[key]))] for row in rows])

        mask = [[1] * len(row["input_ids"]) + [0] * (length - len(row["input_ids"])) for row in rows]
        ids, labels = padded("input_ids", self.pad), padded("labels", IGNORED)
        kept = (labels[:, 1:] != IGNORED).any(0).nonzero()[:, 0]
        return {
            "input_ids": ids,
            "attention_mask": torch.tensor(mask),
            "labels": labels,
            "shift_labels": labels[:, kept + 1],
            "logits_to_keep": kept,
        }


class Follow(TrainerCallback):
    """Writes log.jsonl as the steps come and draws the bar."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.bar: Bar | None = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Start the log anew from the steps that the checkpoint, if there is one, has behind it."""
        if not state.is_world_process_zero:
            return
        lines = [json.dumps(entry) + "\n" for entry in state.log_history if "loss" in entry]
        self.log.write_text("".join(lines), encoding="utf-8")
        self.bar = Bar(state.max_steps, state.global_step, sys.stderr, time.monotonic)

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        if not logs or "loss" not in logs or not state.is_world_process_zero:
            return
        with self.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**logs, "step": state.global_step}) + "\n")
        if self.bar:
            self.bar.show(state.global_step, float(logs["loss"]))


def fit(work: Prepared, trainer: Trainer) -> Path:
    """Train to the end, from the last checkpoint if there is one, and save the adapter; raises UserError for nan.

    Several processes have the same weights in the end: one of them saves, and the others wait for it.
    """
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Follow(work.run.log))
    checkpoint = work.run.last_checkpoint() if work.job.resume else None
    with quiet():
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    model: Any = trainer.model
    weights = [weight for _, weight in model.named_parameters() if weight.requires_grad]
    if not all(bool(torch.isfinite(weight).all()) for weight in weights):
        raise UserError(
            str(work.job.out),
            "the training diverged: the adapter holds values that are not numbers",
            hint=f"a lower --learning-rate than {work.job.settings.learning_rate:g}",
        )
    if trainer.is_world_process_zero():
        save_adapter(work.run, trainer.accelerator.unwrap_model(model), beside(work.base.path, work.format))
    trainer.accelerator.wait_for_everyone()
    return work.run.adapter
