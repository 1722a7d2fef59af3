"""GRPO asks with the gate's prompts, judges what was really sampled, and refuses bad settings before any long work."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.datasets.hotel import build as hotel
from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import ToolCall, assistant, user
from tests.miniature import TINY_FORMATS
from tests.train.making import LAMP, good, write
from train.backends import grpo
from train.backends.grpo import GrpoSettings, on_the_wire, reward_functions, squashed, weights_of
from train.backends.material import Prepared
from train.backends.prepare import gather, open_work
from train.backends.registry import train
from train.cli import main
from train.job import Job, Settings
from train.preferences.energy import preferences
from train.preferences.energy_pairs import pairs_of
from train.rows.mask import token_ids

QUICK = Settings(
    epochs=1, batch_size=4, gradient_accumulation=1, lora_r=4, lora_alpha=8, learning_rate=1e-2, threads=1, save_steps=1
)
OWN = GrpoSettings(new_tokens=12)
ENERGY = [pair.as_json() for pair in pairs_of(preferences(2, seed=1))]


def job(tmp_path: Path, base: str, rows: list[Any], **options: Any) -> Job:
    data = write(tmp_path / "rows.jsonl", rows)
    given: dict[str, Any] = {"out": tmp_path / "run", "settings": QUICK, "own": OWN, **options}
    return Job(backend="grpo", data=data, base=base, **given)


def log(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def prepared(asked: Job) -> Prepared:
    return open_work(gather(asked))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--generations", "3"], "no multiple of it"),
        (["--generations", "1"], "from 2 to 64"),
        (["--temperature", "0"], "--temperature"),
        (["--weight-tool", "-1"], "from 0 to 1000"),
        (["--scorer", "nowhere"], "--scorer nowhere"),
    ],
    ids=["batches", "generations", "temperature", "weight", "scorer"],
)
def test_bad_settings_are_refused_before_anything_is_made(
    options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    data = write(tmp_path / "rows.jsonl", [good()])
    assert main(["grpo", "--data", str(data), "--out", str(tmp_path / "run"), *options]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.model
def test_without_any_reward_there_is_nothing_to_train_for(small_base: Path, tmp_path: Path):
    names = ("parses", "declared", "schema", "tool", "arguments", "grounded")
    nothing: dict[str, Any] = {f"weight_{name}": 0.0 for name in names}
    none = replace(OWN, **nothing)
    with pytest.raises(UserError, match="no reward is left"):
        train(job(tmp_path, str(small_base), [good()], own=none))
    assert not (tmp_path / "run").exists()


@pytest.mark.model
def test_only_rewards_that_apply_are_left(small_base: Path, tmp_path: Path):
    plain = gather(job(tmp_path, str(small_base), [good()]))
    assert list(weights_of(plain)) == ["parses", "declared", "schema", "tool", "arguments", "grounded"]
    told = gather(job(tmp_path, str(small_base), [good(), *ENERGY], format="intent_json"))
    assert list(weights_of(told)) == [*weights_of(plain), "calibrated", "energy"]
    assert weights_of(told)["tool"] == 2.0


def test_scores_are_squashed_into_the_range_of_the_other_rewards():
    assert squashed(0.0) == 0.5
    assert squashed(1.0) == pytest.approx(1 / (1 + math.exp(-1)))
    assert 0 < squashed(-1e9) < squashed(0.0) < squashed(1e9) <= 1


@pytest.mark.model
@pytest.mark.parametrize("form", TINY_FORMATS)
def test_prompts_are_the_gates_to_the_token(form: str, small_base: Path, tmp_path: Path, one_thread: None):
    rows = [row for row in hotel(40, 5, "train") if row["kind"] in ("nothing", "correction")][:6]
    work = prepared(job(tmp_path, str(small_base), [good(), *rows], format=form))
    trainer = grpo.build(work)
    theirs, _, _ = trainer._tokenize_prompts([row["prompt"] for row in trainer.train_dataset])
    wire = load_format(form)
    assert wire.developer
    for row, ids in zip(work.rows, theirs, strict=True):
        assert ids == token_ids(work.tokenizer, wire.render(row.messages[:-1], row.tools, prompt=True).text)
    stops = {work.tokenizer.convert_tokens_to_ids(stop) for stop in wire.stops}
    assert stops <= set(trainer.eos_token_ids)
    assert stops <= set(trainer.generation_config.eos_token_id)


def test_a_tokenizer_that_adds_tokens_adds_none_on_the_wire(small_tokenizer: Path):
    from tokenizers.processors import TemplateProcessing
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(small_tokenizer)
    start = ("<bos>", tokenizer.convert_tokens_to_ids("<bos>"))
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(single="<bos> $A", special_tokens=[start])
    assert tokenizer(["<bos>hi"])["input_ids"][0][:2] == [start[1], start[1]]
    assert on_the_wire(tokenizer)(text=["<bos>hi"])["input_ids"] == [token_ids(tokenizer, "<bos>hi")]


@pytest.mark.model
@pytest.mark.parametrize("form", TINY_FORMATS)
def test_rewards_judge_the_very_tokens_that_were_sampled(form: str, small_base: Path, tmp_path: Path):
    rows = [good("lobby"), good("spa")]
    work = prepared(job(tmp_path, str(small_base), rows, format=form))
    wire, declared = work.format, [LAMP.declaration()]
    stop = wire.stops[0] if form == "functiongemma" else wire.stops[-1]
    stops = frozenset({work.tokenizer.convert_tokens_to_ids(each) for each in wire.stops})

    def ids(call: ToolCall, *, cut: int = 0) -> list[int]:
        rendered = wire.render([user("hi"), assistant([call], confidence=0.9)], declared)
        text = rendered.text[rendered.answers[-1][0] : rendered.answers[-1][1]]
        assert text.endswith(stop)
        made = token_ids(work.tokenizer, text)
        return made[: len(made) - cut]

    lobby, spa = ToolCall("set_lamp", {"room": "lobby"}), ToolCall("set_lamp", {"room": "spa"})
    sampled = [ids(lobby), ids(spa), ids(lobby, cut=1), ids(lobby, cut=6)]
    functions = {f.__name__: f for f in reward_functions(work, ["parses", "arguments", "grounded"], stops)}
    given = {"prompts": [""] * 4, "completions": [""] * 4, "completion_ids": sampled, "row": [0, 0, 1, 0]}
    assert functions["parses"](**given) == [1.0, 1.0, 0.0, 0.0]
    assert functions["arguments"](**given) == [1.0, 0.0, 0.0, 0.0]
    assert functions["grounded"](**given)[:2] == [1.0, 0.0]
    assert functions["grounded"](**{**given, "row": [1, 1, 1, 1]})[:2] == [0.0, 1.0]


@pytest.mark.model
def test_a_few_steps_on_the_embedded_base_log_every_reward_and_give_an_adapter_that_loads(
    tmp_path: Path, one_thread: None
):
    from suite.engine import identify, load_engine

    adapter = train(job(tmp_path, "tiny", [good(), good("spa"), *ENERGY[:1]], format="intent_json"))
    steps = log(adapter.parent)
    assert [step["step"] for step in steps] == [1, 2, 3]
    assert all(math.isfinite(step[key]) for step in steps for key in ("loss", "reward", "grad_norm"))
    names = ("parses", "declared", "schema", "tool", "arguments", "grounded", "calibrated")
    assert all(0 <= step[f"rewards/{name}/mean"] <= 1 for step in steps for name in names)
    # Only one of the three requests leaves anything to the cost.
    assert sum(step["rewards/energy/mean"] is not None for step in steps) == 1
    target = identify(adapter.parent, None, None)
    assert target.format.name == "intent_json"
    if any(step["grad_norm"] for step in steps):
        identity = load_engine(target).identity
        assert replace(identity, dtype=target.identity.dtype) == target.identity


@pytest.mark.model
def test_a_start_a_kl_term_and_a_scorer_go_together(small_base: Path, tmp_path: Path, one_thread: None):
    rows = write(tmp_path / "pairs.jsonl", ENERGY)
    common: dict[str, Any] = {"data": rows, "base": str(small_base), "settings": replace(QUICK, batch_size=1)}
    sft = train(Job(backend="sft", out=tmp_path / "sft", **common))
    scorer = train(Job(backend="reward", out=tmp_path / "scorer", **common))
    own = replace(OWN, kl=0.1, scorer=str(scorer.parent))
    adapter = train(job(tmp_path, str(small_base), [good(), good("spa")], own=own, start=sft.parent))
    steps = log(adapter.parent)
    assert all(0 < step["rewards/scorer/mean"] < 1 and math.isfinite(step["kl"]) for step in steps)
    names = sorted(path.name for path in adapter.iterdir())
    assert {"adapter_config.json", "adapter_model.safetensors", "callproof.json", "chat_template.jinja"} < set(names)
    settings = json.loads((adapter.parent / "settings.json").read_text(encoding="utf-8"))
    assert settings["scorer"]
    assert settings["start"]["digest"]


@pytest.mark.model
def test_a_scorer_of_another_format_is_refused(small_base: Path, tmp_path: Path, one_thread: None):
    rows = write(tmp_path / "pairs.jsonl", ENERGY[:1])
    scorer = train(Job(backend="reward", data=rows, out=tmp_path / "scorer", base=str(small_base), settings=QUICK))
    own = replace(OWN, scorer=str(scorer.parent))
    with pytest.raises(UserError, match="knows replies in functiongemma, and the adapter speaks intent_json"):
        train(job(tmp_path, str(small_base), [good()], own=own, format="intent_json"))


@pytest.mark.usefixtures("either_arithmetic")
@pytest.mark.model
def test_a_run_that_was_stopped_goes_on_to_the_same_adapter(small_base: Path, tmp_path: Path, one_thread: None):
    from transformers import TrainerCallback

    from train.backends.learning import fit

    class Stop(TrainerCallback):
        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step == 2:
                raise KeyboardInterrupt

    rows = [good(room) for room in ("lobby", "spa", "attic")]
    whole = train(job(tmp_path, str(small_base), rows, out=tmp_path / "whole"))
    stopped = job(tmp_path, str(small_base), rows, out=tmp_path / "stopped")
    work = prepared(stopped)
    trainer = grpo.build(work)
    trainer.add_callback(Stop())
    with pytest.raises(KeyboardInterrupt):
        fit(work, trainer)
    resumed = train(replace(stopped, resume=True))
    assert [step["step"] for step in log(resumed.parent)] == [1, 2, 3]
    name = "adapter_model.safetensors"
    assert (resumed / name).read_bytes() == (whole / name).read_bytes()
