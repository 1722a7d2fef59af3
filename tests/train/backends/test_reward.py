"""The backend that trains a scorer: what it is fed, what it leaves, and what it says after being loaded again."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from tests.miniature import TINY_FORMATS
from tests.train.making import drawn, good, write
from train.backends import reward
from train.backends.dpo import encode_all
from train.backends.prepare import gather, open_work
from train.backends.registry import train
from train.backends.reward import RewardSettings
from train.cli import main
from train.job import Job, Settings, with_own
from train.preferences.energy import preferences
from train.preferences.energy_pairs import pairs_of
from train.preferences.pairs import Pair, wire_of
from train.preferences.scoring import load_scorer, scorer_of
from train.rows.mask import decode, token_ids

pytestmark = pytest.mark.model

QUICK = Settings(
    epochs=1, batch_size=2, gradient_accumulation=1, lora_r=4, lora_alpha=8, learning_rate=1e-2, threads=1,
    precision="fp32",
)  # fmt: skip
PAIRS = pairs_of(preferences(8, seed=1))


def job(tmp_path: Path, base: str, **options: Any) -> Job:
    data = write(tmp_path / "pairs.jsonl", [pair.as_json() for pair in PAIRS])
    given: dict[str, Any] = {"out": tmp_path / "scorer", "settings": QUICK, **options}
    return Job(backend="reward", data=data, base=base, **given)


def log(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def texts(pairs: Sequence[Pair], form: Any) -> tuple[list[str], list[str]]:
    """The prompts of the pairs, and their chosen answers, as the gate has them on the wire."""
    prompts = [form.render(pair.row.messages[:-1], pair.row.tools, prompt=True).text for pair in pairs]
    return prompts, [wire_of(pair.row, pair.row.messages[-1], form) for pair in pairs]


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_both_answers_are_fed_behind_the_prompt_that_the_gate_sends(form: str, small_base: Path, tmp_path: Path):
    work = open_work(gather(with_own(job(tmp_path, str(small_base), format=form), RewardSettings)))
    pairs, encoded = encode_all(reward.brought(work), work)
    trainer = reward.build(work, encoded)
    assert len(trainer.train_dataset) == len(PAIRS)
    for pair, row in zip(pairs, trainer.train_dataset, strict=True):
        prompt = work.format.render(pair.row.messages[:-1], pair.row.tools, prompt=True).text
        for part, answer in (("chosen", pair.row.messages[-1]), ("rejected", pair.rejected)):
            ids = row[f"{part}_ids"]
            assert ids[: len(token_ids(work.tokenizer, prompt))] == token_ids(work.tokenizer, prompt)
            assert decode(work.tokenizer, tuple(ids)) == prompt + wire_of(pair.row, answer, work.format)


@pytest.mark.usefixtures("either_arithmetic")
def test_a_few_steps_on_the_embedded_base_give_a_scorer_that_loads(tmp_path: Path, one_thread: None):
    adapter = train(job(tmp_path, "tiny", settings=replace(QUICK, precision="auto")))
    steps = log(adapter.parent)
    assert [step["step"] for step in steps] == [1, 2, 3, 4]
    assert all(math.isfinite(step[key]) for step in steps for key in ("loss", "accuracy", "margin", "mean_reward"))
    names = sorted(path.name for path in adapter.iterdir())
    assert {"adapter_config.json", "adapter_model.safetensors", "callproof.json", "chat_template.jinja"} < set(names)
    score = load_scorer(adapter.parent)
    assert all(map(math.isfinite, score(["<bos>a"], ["b<end_of_turn>"])))


def test_a_scorer_says_the_same_after_it_was_saved_and_loaded(small_base: Path, tmp_path: Path, one_thread: None):
    from train.backends.learning import fit

    work = open_work(gather(with_own(job(tmp_path, str(small_base)), RewardSettings)))
    _, encoded = encode_all(reward.brought(work), work)
    trainer = reward.build(work, encoded)
    fit(work, trainer)
    prompts, answers = texts(PAIRS, work.format)
    before = scorer_of(trainer.model.eval(), work.tokenizer)(prompts, answers)
    after = load_scorer(work.run.folder)(prompts, answers)
    assert after == pytest.approx(before, abs=1e-5)
    assert len(set(after)) > 1
    alone = [load_scorer(work.run.folder)([p], [a])[0] for p, a in zip(prompts[:2], answers[:2], strict=True)]
    assert alone == pytest.approx(after[:2], abs=1e-5)


def test_a_scorer_learns_the_pairs_that_it_sees_often(small_base: Path, tmp_path: Path, one_thread: None):
    adapter = train(job(tmp_path, str(small_base), settings=replace(QUICK, epochs=15, batch_size=8)))
    first, *_, last = log(adapter.parent)
    assert last["loss"] < first["loss"]
    assert last["accuracy"] == 1.0


def test_with_a_start_the_lora_begins_as_that_adapter(small_base: Path, tmp_path: Path, one_thread: None):
    from safetensors.torch import load_file

    rows = write(tmp_path / "rows.jsonl", drawn(8))
    sft = train(Job(backend="sft", data=rows, out=tmp_path / "sft", base=str(small_base), settings=QUICK))
    own = with_own(job(tmp_path, str(small_base), start=sft.parent), RewardSettings)
    work = open_work(gather(own))
    held = reward.load_model(work).state_dict()
    saved = load_file(sft / "adapter_model.safetensors")
    for name, value in saved.items():
        assert held[name.replace(".weight", ".default.weight")].equal(value)


def test_rows_without_a_rejected_answer_are_refused(small_base: Path, tmp_path: Path, capsys: Any):
    data = write(tmp_path / "rows.jsonl", [PAIRS[0].as_json(), good()])
    given = ["reward", "--data", str(data), "--out", str(tmp_path / "run"), "--base", str(small_base)]
    assert main(given) == 2
    told = capsys.readouterr().err
    assert "1 rows bring no rejected answer; the first is line 2" in told
    assert "python -m train energy" in told
    assert not (tmp_path / "run").exists()


def test_an_adapter_with_another_task_is_no_scorer(small_base: Path, tmp_path: Path, one_thread: None):
    rows = write(tmp_path / "rows.jsonl", [good()] * 2)
    sft = train(Job(backend="sft", data=rows, out=tmp_path / "sft", base=str(small_base), settings=QUICK))
    with pytest.raises(UserError, match="writes replies"):
        load_scorer(sft.parent)


def test_a_damaged_scorer_is_refused(small_base: Path, tmp_path: Path, one_thread: None):
    from safetensors.torch import load_file, save_file

    adapter = train(job(tmp_path, str(small_base)))
    file = adapter / "adapter_model.safetensors"
    weights = load_file(file)
    headless = {name: value for name, value in weights.items() if ".score." not in name}
    assert len(headless) == len(weights) - 1
    save_file(headless, file, metadata={"format": "pt"})
    with pytest.raises(UserError, match="no score head"):
        load_scorer(adapter.parent)
