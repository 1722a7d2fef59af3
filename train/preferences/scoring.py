"""What a run of `python -m train reward` says of replies: a scorer from a run folder, with nothing but its path.

`load_scorer(run)([prompt], [reply])` gives a figure for each reply, its texts as on the wire. Only the difference
between two replies to the same prompt means anything.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from fixtures.bases import Base, digest_files, resolve_base
from fixtures.errors import UserError
from fixtures.formats import Format, load_format
from fixtures.reading.strict import read_json
from suite.engine.target.folders import MANIFEST, adapter_folder
from suite.engine.target.kinds import CONFIG, WEIGHTS
from suite.engine.target.recorded import FOUND, recorded_format
from suite.reply import Reply

Scorer: TypeAlias = Callable[[Sequence[str], Sequence[str]], list[float]]
"""From prompts and replies to scores, one for each pair; texts as on the wire, control tokens and stop included."""

TASK = "SEQ_CLS"
"""PEFT's word for a model with a head that scores texts instead of writing them."""
ROWS_AT_ONCE = 8
_NEEDS = "the run folder of python -m train reward"


@dataclass(frozen=True, slots=True)
class ScorerFile:
    """A scorer as it lies on the disk: the adapter's folder, its base, and the format of the replies it knows."""

    folder: Path
    base: Base
    format: Format

    @property
    def digest(self) -> str:
        return digest_files([self.folder / CONFIG, self.folder / WEIGHTS])


def find_scorer(run: Path, option: str = "--scorer") -> ScorerFile:
    """The scorer in a run folder, checked without loading a weight; raises UserError if there is none."""
    try:
        folder = adapter_folder(run)
    except UserError as error:
        raise UserError(f"{option} {run}", error.problem, allowed=_NEEDS) from None
    config, manifest = _read(folder / CONFIG, option), _read(folder / MANIFEST, option)
    if config.get("task_type") != TASK:
        problem = f"this adapter writes replies (task_type {config.get('task_type')!r}) and scores none"
        raise UserError(f"{option} {run}", problem, allowed=_NEEDS)
    if not (folder / WEIGHTS).is_file():
        raise UserError(f"{option} {run}", f"there is no {WEIGHTS} in {folder}", allowed=_NEEDS)
    base = resolve_base(str(manifest.get("base")), f"{option} {run}")
    if manifest.get("base_digest") != base.digest:
        problem = f"it was trained on {base.name} with hash {manifest.get('base_digest')}, which has {base.digest} now"
        raise UserError(f"{option} {run}", problem, hint="train the scorer again")
    found = manifest.get(FOUND)
    form = recorded_format(folder, found) if found else load_format(str(manifest.get("format")))
    return ScorerFile(folder, base, form)


def load_scorer(run: Path) -> Scorer:
    """The scorer in a run folder, with its weights in float32; raises UserError if it is not whole."""
    file = find_scorer(run)
    # Not at the top: these load torch.
    from peft import PeftModel
    from safetensors.torch import load_file

    from suite.engine.target.applied import loaded_problem, peft_config, weights_problem
    from train.rows.mask import load_tokenizer

    weights = load_file(file.folder / WEIGHTS)
    problem = weights_problem(weights) or ("" if any(".score." in name for name in weights) else "it has no score head")
    if not problem:
        with warnings.catch_warnings():
            # PEFT still asks the model for a name that transformers has deprecated.
            warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
            base = headed_base(file.base)
            config = peft_config(file.folder, base)
            model = PeftModel.from_pretrained(base, str(file.folder), config=config).eval()
        problem = loaded_problem(model, weights)
    if problem:
        raise UserError(f"--scorer {run}", f"the scorer is not applied: {problem}", hint="train it again")
    return scorer_of(model, load_tokenizer(file.base.path, file.format))


def headed_base(base: Base) -> Any:
    """The base in float32 with a score head in the place of its output layer, random until it is trained."""
    import torch
    from transformers import AutoModelForSequenceClassification
    from transformers.utils import logging as transformers_logging

    # That the head is not in the base's file, and the output layer not in the model, is reported as a warning.
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        model: Any = AutoModelForSequenceClassification.from_pretrained(
            base.path, num_labels=1, dtype=torch.float32, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise UserError(f"--base {base.name}", f"transformers cannot put a score head on this base: {error}") from error
    return model


def scorer_of(model: Any, tokenizer: Any) -> Scorer:
    """A scorer that asks this model; right-padded batches, so that the head reads each reply's last token."""
    import torch

    from train.rows.mask import token_ids

    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id

    @torch.inference_mode()
    def score(prompts: Sequence[str], completions: Sequence[str]) -> list[float]:
        rows = [token_ids(tokenizer, p + c) for p, c in zip(prompts, completions, strict=True)]
        order = sorted(range(len(rows)), key=lambda index: len(rows[index]))
        scores = [0.0] * len(rows)
        for start in range(0, len(order), ROWS_AT_ONCE):
            chosen = order[start : start + ROWS_AT_ONCE]
            width = max(len(rows[index]) for index in chosen)
            ids = [rows[index] + [tokenizer.pad_token_id] * (width - len(rows[index])) for index in chosen]
            mask = [[1] * len(rows[index]) + [0] * (width - len(rows[index])) for index in chosen]
            device = next(model.parameters()).device
            out = model(
                input_ids=torch.tensor(ids, device=device), attention_mask=torch.tensor(mask, device=device),
                use_cache=False,
            )  # fmt: skip
            for index, value in zip(chosen, out.logits[:, 0].float().tolist(), strict=True):
                scores[index] = value
        return scores

    return score


def best_of(prompts: Sequence[str], replies: Sequence[Sequence[Reply]], score: Scorer) -> list[Reply]:
    """For each prompt the reply that scores highest, the first of equals; all replies are scored in one go."""
    spread = [(prompt, reply.raw) for prompt, given in zip(prompts, replies, strict=True) for reply in given]
    scores = iter(score([prompt for prompt, _ in spread], [text for _, text in spread]))
    return [max([(next(scores), -place, reply) for place, reply in enumerate(given)])[2] for given in replies]


def _read(file: Path, option: str) -> dict[str, Any]:
    found = read_json(file, f"{option} {file}")
    return found if isinstance(found, dict) else {}
