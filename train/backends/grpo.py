"""`python -m train grpo`: TRL's `GRPOTrainer`, with the gate's contracts as rewards that anybody can verify.

For each request the adapter samples some replies; what earns more than its neighbours becomes likelier. The prompts are
the gate's to the token, replies end at the format's stop tokens, and rewards judge the very tokens that were sampled.
Of a row only its last answer is asked for. Runs on a CPU; does not cover vLLM or calls that are carried out.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from fixtures.datasets.rows import case_of
from fixtures.errors import UserError
from fixtures.types import Case
from suite.lanes.asking import MAX_NEW_TOKENS
from suite.reply import Generation, Reply
from train.backends.material import Material, Prepared
from train.backends.prepare import finish, gather, open_work
from train.job import Job, Settings, told, with_own
from train.preferences.energy import choice_in
from train.preferences.pairs import shared_catalogs
from train.preferences.rewards import REWARDS, Reward, energy
from train.preferences.scoring import ScorerFile, find_scorer, load_scorer
from train.rows.mask import decode
from train.screen import say

DEFAULTS = Settings(epochs=0.5, learning_rate=1e-3, batch_size=4, gradient_accumulation=4)
"""What the shared settings are by default; an epoch asks for several replies to every row, which takes its time."""


def _weight(default: float, about: str) -> Any:
    return field(default=default, metadata=told(f"weight of the reward for {about}; 0 leaves it out", 0, 1000))


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpoSettings:
    """What only this backend has."""

    generations: int = field(default=4, metadata=told("replies sampled for a request, compared with each other", 2, 64))
    temperature: float = field(default=1.0, metadata=told("temperature of the sampling", 0.01, 10))
    new_tokens: int = field(default=MAX_NEW_TOKENS, metadata=told("tokens that a reply may have", 8, 4096))
    kl: float = field(default=0.0, metadata=told("weight of the KL term that holds the policy to its start", 0, 10))
    scorer: str = field(default="", metadata=told("run of the backend reward, whose score is one more reward"))
    weight_parses: float = _weight(1.0, "replies that parse clean and end")
    weight_declared: float = _weight(1.0, "calling declared tools only")
    weight_schema: float = _weight(1.0, "arguments that keep their schema")
    weight_tool: float = _weight(2.0, "calling the right tool, or none if nothing fits")
    weight_arguments: float = _weight(1.0, "exactly the right arguments")
    weight_grounded: float = _weight(1.0, "arguments that were said")
    weight_calibrated: float = _weight(1.0, "stated confidence, by its squared error")
    weight_energy: float = _weight(1.0, "the cheapest of the tools that could serve")
    weight_scorer: float = _weight(1.0, "what --scorer says, between 0 and 1")


def train(job: Job) -> Path:
    """Train the adapter of this job and return its folder."""
    job = with_own(job, GrpoSettings)
    _check_batches(job)
    scorer = find_scorer(Path(job.own.scorer)) if job.own.scorer else None
    material = gather(job)
    _check_scorer(material, scorer)
    weights = weights_of(material)
    say("rewards: " + ", ".join(f"{name} {weight:g}" for name, weight in weights.items()))
    return finish(open_work(material, {"scorer": scorer.digest if scorer else None}), build)


def weights_of(material: Material) -> dict[str, float]:
    """The rewards that apply to this format and these rows, with their weights; raises UserError if none is left.

    Stated confidence needs a format that has one, energy a request between whose tools the cost decides.
    """
    own = material.job.own
    weights = {name: getattr(own, f"weight_{name}") for name in (*REWARDS, "scorer")}
    applies = {
        "calibrated": material.format.verbalises_confidence,
        "energy": any(choice_in(case, shared_catalogs(material.job.tools)) for case in cases_of(material)),
        "scorer": bool(own.scorer),
    }
    left = {name: weight for name, weight in weights.items() if weight > 0 and applies.get(name, True)}
    if not left:
        options = ", ".join(f"--weight-{name}" for name in weights)
        raise UserError("--weight-...", "no reward is left that applies to this format and data", allowed=options)
    return left


def cases_of(material: Material) -> list[Case]:
    """The rows as cases, each with its last answer as what is right."""
    return [case_of({"messages": row.messages, "tools": row.tools}) for row in material.rows]


def _check_batches(job: Job) -> None:
    settings, own = job.settings, job.own
    replies = settings.batch_size * settings.gradient_accumulation
    if replies % own.generations:
        raise UserError(
            f"--generations {own.generations}",
            f"a step has {replies} replies (--batch-size {settings.batch_size} times --gradient-accumulation"
            f" {settings.gradient_accumulation}), which is no multiple of it",
            hint=f"--batch-size {own.generations}",
        )


def _check_scorer(material: Material, scorer: ScorerFile | None) -> None:
    if scorer and scorer.format.digest != material.format.digest:
        where, spoken = f"--scorer {material.job.own.scorer}", scorer.format.name
        other = material.format.name if spoken != material.format.name else "that of another template"
        raise UserError(where, f"it knows replies in {spoken}, and the adapter speaks {other}")


def build(work: Prepared) -> Any:
    """The GRPOTrainer over rendered prompts; a row's number is all that rewards need to find its case."""
    import datasets  # type: ignore[import-untyped]
    from trl import GRPOConfig, GRPOTrainer  # type: ignore[attr-defined]

    from suite.engine.local.transformers_engine import stop_tokens
    from train.backends.learning import arguments, load_model

    own = work.job.own
    model = load_model(work)
    stops = stop_tokens(model, work.tokenizer, work.format)
    model.generation_config.eos_token_id = sorted(stops)
    weights = weights_of(work)
    datasets.disable_progress_bars()
    prompts = [work.format.render(row.messages[:-1], row.tools, prompt=True).text for row in work.rows]
    with warnings.catch_warnings():
        # PEFT, when it copies the adapter as the KL term's reference, asks for a name that transformers has deprecated.
        warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
        return GRPOTrainer(
            model=model,
            args=GRPOConfig(
                **arguments(work),
                num_generations=own.generations,
                max_completion_length=own.new_tokens,
                temperature=own.temperature,
                beta=own.kl,
                reward_weights=list(weights.values()),
            ),
            processing_class=on_the_wire(work.tokenizer),
            train_dataset=datasets.Dataset.from_dict({"prompt": prompts, "row": list(range(len(prompts)))}),
            reward_funcs=reward_functions(work, list(weights), stops),
        )


class _OnTheWire:
    """What is put before a tokenizer's own class."""

    def __call__(self, text: Any, **options: Any) -> Any:
        return super().__call__(text, **{**options, "add_special_tokens": False})  # type: ignore[misc]


def on_the_wire(tokenizer: Any) -> Any:
    """A copy of the tokenizer that takes texts as they are on the wire: the format writes <bos> by itself."""
    own = copy.copy(tokenizer)
    own.__class__ = type("WireTokenizer", (_OnTheWire, type(tokenizer)), {})
    return own


def reward_functions(work: Prepared, names: Sequence[str], stops: frozenset[int]) -> list[Any]:
    """The rewards as TRL calls them, each under its own name."""
    cases = cases_of(work)

    @lru_cache(maxsize=4096)
    def read(ids: tuple[int, ...], row: int) -> Reply:
        # Not the text that TRL gives: that has lost its control tokens.
        text = decode(work.tokenizer, ids)
        finish: Any = "stop" if ids and ids[-1] in stops else "length"
        return Reply(Generation(text, (), finish), work.format.parse(text, work.rows[row].tools))

    judges: dict[str, Reward] = {**REWARDS, "energy": partial(energy, catalogs=shared_catalogs(work.job.tools))}
    made: dict[str, Any] = {name: _judging(judges[name], cases, read) for name in names if name in judges}
    if "scorer" in names:
        made["scorer"] = _scoring(work)
    for name, function in made.items():
        function.__name__ = name
    return list(made.values())


def _judging(
    reward: Reward, cases: Sequence[Case], read: Callable[[tuple[int, ...], int], Reply]
) -> Callable[..., list[float | None]]:
    def rewards(completion_ids: Sequence[Sequence[int]], row: Sequence[int], **_: Any) -> list[float | None]:
        return [
            reward(cases[number], read(tuple(ids), number)) for number, ids in zip(row, completion_ids, strict=True)
        ]

    return rewards


def _scoring(work: Prepared) -> Callable[..., list[float]]:
    """The scorer's figure between 0 and 1, so that it weighs no more than a contract."""
    score = load_scorer(Path(work.job.own.scorer))

    def rewards(prompts: Sequence[str], completion_ids: Sequence[Sequence[int]], **_: Any) -> list[float]:
        replies = [decode(work.tokenizer, tuple(ids)) for ids in completion_ids]
        return [squashed(value) for value in score(prompts, replies)]

    return rewards


def squashed(score: float) -> float:
    """The logistic of a score; flat far from 0, where the exponential would leave the range of floats."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))
