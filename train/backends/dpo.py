"""`python -m train dpo --from RUN`: TRL's `DPOTrainer` on preference pairs, from an adapter that SFT has made.

The reference is a frozen copy of that adapter on the same base (TRL's `ref` adapter), so no second model is in memory.
An SFT term on the chosen answers keeps their likelihood up, which the preference alone would let fall. `--data` is a
file of `python -m train pairs`, or rows, from which pairs are built with the seed. Runs on a CPU; the log holds
`rewards/margins`, `logps/chosen` and `logps/rejected` by step.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.rows.checks import Fault
from train.backends.material import Material, Prepared
from train.backends.prepare import finish, gather, open_work
from train.backends.start import needs_start
from train.job import Job, Settings, told, with_own
from train.preferences.pairs import Pair, build_pairs, digest, ends_once, shared_catalogs, wire_of
from train.rows.data import accept_parts
from train.rows.mask import token_ids
from train.screen import say


@dataclass(frozen=True, slots=True, kw_only=True)
class DpoSettings:
    """The settings that only DPO has."""

    beta: float = field(default=0.1, metadata=told("how dear it is to leave the reference behind", 1e-6, 1e3))
    sft_weight: float = field(
        default=1.0, metadata=told("weight of the SFT loss on the chosen answers beside the preference's 1", 0, 1e3)
    )
    pairs_per_row: int = field(default=1, metadata=told("hard negatives built for a row that brings none", 1, 100))


# A tenth of what SFT takes: the start has learned its task, and larger steps forget it.
DEFAULTS = Settings(epochs=1.0, learning_rate=1e-4)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A pair as text and as token ids; both answers end with the format's stop token."""

    prompt: str
    chosen: str
    rejected: str
    ids: tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]
    """Of the prompt, the chosen and the rejected answer."""


def train(job: Job) -> Path:
    """Train the adapter of this job and return its folder."""
    needs_start(job)
    material = gather(with_own(job, DpoSettings))
    pairs, encoded = encode_all(pairs_of(material), material)
    kinds = dict(sorted(Counter(pair.kind for pair in pairs).items()))
    say("pairs: " + ", ".join(f"{count} {kind or 'of no kind'}" for kind, count in kinds.items()))
    facts = {"pairs": {"digest": digest(pairs), "count": len(pairs), "kinds": kinds}}
    return finish(open_work(material, facts), partial(build, encoded=encoded))


def pairs_of(material: Material) -> list[Pair]:
    """The pairs that the rows bring, and some for each row that brings none."""
    job = material.job
    brought = [Pair(row, row.rejected, row.kind) for row in material.rows if row.rejected is not None]
    plain = [row for row in material.rows if row.rejected is None]
    catalogs = shared_catalogs(job.tools)
    built = build_pairs(plain, material.format, catalogs, seed=job.settings.seed, per_row=job.own.pairs_per_row)
    for name, count in sorted(built.unfit.items()):
        say(f"{count} rows give no pair: their own answer breaks {name}")
    if not brought and not built.pairs:
        raise UserError(f"--data {job.data}", "no row gives a pair", hint=f"python -m train check {job.data}")
    return sorted([*brought, *built.pairs], key=lambda pair: pair.row.line)


def encode_all(pairs: Sequence[Pair], material: Material) -> tuple[list[Pair], list[Encoded]]:
    """The pairs that can be trained on, and the same as tokens; the others are an error, or are skipped if asked."""
    found = [(pair, encode(pair, material)) for pair in pairs]
    good = [(pair, made) for pair, made in found if isinstance(made, Encoded)]
    faults = [made for _, made in found if isinstance(made, Fault)]
    accept_parts(material.job.data, len(good), faults, skip=material.job.skip_bad_rows, say=say)
    return [pair for pair, _ in good], [made for _, made in good]


def encode(pair: Pair, material: Material) -> Encoded | Fault:
    """A pair as tokens: the prompt as the gate sends it, each answer as the model writes it; or what is wrong."""
    form, tokenizer, limit = material.format, material.tokenizer, material.job.settings.max_length
    row, line = pair.row, pair.row.line
    prompt = form.render(row.messages[:-1], row.tools, prompt=True).text
    try:
        chosen, rejected = (wire_of(row, answer, form) for answer in (row.messages[-1], pair.rejected))
    except UserError as error:
        return Fault(line, "", f"{error.where}: {error.problem}")
    ids = tuple(tuple(token_ids(tokenizer, text)) for text in (prompt, chosen, rejected))
    longest = len(ids[0]) + max(len(ids[1]), len(ids[2]))
    if not ends_once(rejected, form):
        return Fault(line, "/rejected/0", f"it does not end with one stop token: {', '.join(form.stops)}")
    if rejected == chosen:
        return Fault(line, "/rejected/0", f"the format {form.name} writes it just as the chosen answer")
    if longest > limit:
        return Fault(line, "", f"the pair has {longest} tokens, more than --max-length {limit}")
    return Encoded(prompt, chosen, rejected, (ids[0], ids[1], ids[2]))


def build(work: Prepared, encoded: Sequence[Encoded]) -> Any:
    """The DPOTrainer over these pairs; raises UserError if it reads one otherwise than we do."""
    from trl import DPOConfig, DPOTrainer  # type: ignore[attr-defined]

    from train.backends.learning import arguments, load_model, quiet

    own = work.job.own
    losses = {"sigmoid": 1.0} | ({"sft": own.sft_weight} if own.sft_weight else {})
    options = DPOConfig(
        **arguments(work),
        beta=own.beta,
        loss_type=list(losses),
        loss_weights=list(losses.values()),
        # Longer pairs were refused; TRL would cut them without a word.
        max_length=None,
        pad_to_multiple_of=None,
        disable_dropout=not work.job.settings.lora_dropout,
    )
    model, reader = load_model(work), reading_wire(work.tokenizer)
    with quiet():
        trainer: Any = DPOTrainer(model=model, args=options, processing_class=reader, train_dataset=dataset(encoded))
    parts = ("prompt_ids", "chosen_ids", "rejected_ids")
    theirs = [tuple(tuple(row[part]) for part in parts) for row in trainer.train_dataset]
    if theirs != [pair.ids for pair in encoded]:
        raise UserError(f"--data {work.job.data}", "TRL reads pairs otherwise than the gate")
    return trainer


def dataset(encoded: Sequence[Encoded]) -> Any:
    """A Dataset of conversations whose messages are wire text: TRL would end plain text with a token of its own."""
    import datasets  # type: ignore[import-untyped]

    datasets.disable_progress_bars()

    def said(role: str, text: str) -> list[dict[str, str]]:
        return [{"role": role, "content": text}]

    return datasets.Dataset.from_list(
        [
            {
                "prompt": said("user", pair.prompt),
                "chosen": said("assistant", pair.chosen),
                "rejected": said("assistant", pair.rejected),
            }
            for pair in encoded
        ]
    )


class _ReadingWire:
    """What is put before a tokenizer's own class."""

    def apply_chat_template(self, conversation: Sequence[Any], *given: Any, **options: Any) -> Any:
        """The tokens of messages that are wire text already, one after the other."""
        return {"input_ids": [token for message in conversation for token in token_ids(self, message["content"])]}


def reading_wire(tokenizer: Any) -> Any:
    """A copy of the tokenizer that takes messages for wire text."""
    own = copy.copy(tokenizer)
    own.__class__ = type("WireTokenizer", (_ReadingWire, type(tokenizer)), {})
    return own
