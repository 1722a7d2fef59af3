"""DPO starts at an adapter that it holds as its reference, reads pairs as the gate would, and repeats itself."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.datasets.hotel import build as hotel
from fixtures.errors import UserError
from fixtures.formats import load_format
from tests.train.making import good, write
from train.backends import dpo
from train.backends.dpo import DpoSettings, Encoded, encode_all, pairs_of
from train.backends.material import Material
from train.backends.prepare import gather, open_work
from train.backends.registry import train
from train.cli import main
from train.job import Job, Settings
from train.rows.mask import decode

QUICK = Settings(epochs=1, batch_size=2, gradient_accumulation=1, learning_rate=1e-2, threads=1, save_steps=4)


def rows(count: int) -> list[dict[str, Any]]:
    """Rows of the hotel dataset without earlier turns, so that a miniature gets through them quickly."""
    return [dict(row) for row in hotel(8 * count + 20, 3, "train") if len(row["messages"]) == 2][:count]


def start_of(base: Path | str, folder: Path, form: str) -> Path:
    """A run of a few steps of SFT."""
    settings = replace(QUICK, lora_r=4, lora_alpha=8)
    data = write(folder / "start.jsonl", rows(6))
    job = Job(backend="sft", data=data, out=folder / "start", base=str(base), format=form, settings=settings)
    return train(job).parent


@pytest.fixture(scope="session")
def start(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return start_of(small_base, tmp_path_factory.mktemp("dpo"), "functiongemma")


@pytest.fixture(scope="session")
def json_start(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return start_of(small_base, tmp_path_factory.mktemp("dpo-json"), "intent_json")


def job(start: Path, tmp_path: Path, lines: list[Any], **options: Any) -> Job:
    data = write(tmp_path / "data.jsonl", lines)
    given: dict[str, Any] = {"out": tmp_path / "run", "settings": QUICK, "own": DpoSettings(), **options}
    return Job(backend="dpo", data=data, start=start, **given)


def encoded(asked: Job) -> tuple[Material, list[Encoded]]:
    material = gather(asked)
    return material, encode_all(pairs_of(material), material)[1]


def test_without_an_adapter_to_start_from_it_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "rows.jsonl", [good()])
    assert main(["dpo", "--data", str(data), "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr().err
    assert told.startswith("--from\n")
    assert "python -m train sft" in told


@pytest.mark.parametrize("option", ["--beta=0", "--beta=nan", "--sft-weight=-1", "--pairs-per-row=0"])
@pytest.mark.model
def test_its_own_settings_are_held_to_their_ranges(
    option: str, start: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "rows.jsonl", [good()])
    command = ["dpo", "--data", str(data), "--from", str(start), "--out", str(tmp_path / "run"), option]
    assert main(command) == 2
    assert capsys.readouterr().err.startswith(option.partition("=")[0])
    assert not (tmp_path / "run").exists()


@pytest.mark.model
def test_trl_feeds_the_gates_prompt_and_each_answer_with_one_stop_token(
    json_start: Path, start: Path, tmp_path: Path
) -> None:
    for number, folder in enumerate((start, json_start)):
        material, pairs = encoded(
            job(folder, tmp_path, rows(24), out=tmp_path / str(number), own=DpoSettings(pairs_per_row=3))
        )
        built = dpo.build(open_work(material), pairs)
        form = material.format
        assert len(built.train_dataset) == len(pairs) > 30
        for row, pair in zip(built.train_dataset, pairs, strict=True):
            texts = [decode(material.tokenizer, tuple(row[f"{part}_ids"])) for part in ("prompt", "chosen", "rejected")]
            assert texts == [pair.prompt, pair.chosen, pair.rejected]
            assert texts[0].startswith("<bos>")
            assert all(
                sum(text.count(stop) for stop in form.stops) == 1 and text.endswith(form.stops) for text in texts[1:]
            )
        prompts = {form.render(r.messages[:-1], r.tools, prompt=True).text for r in material.rows}
        assert {pair.prompt for pair in pairs} <= prompts


def entries(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.model
def test_a_few_steps_on_the_embedded_base_begin_at_the_reference_and_give_an_adapter_that_is_applied(
    tmp_path: Path,
) -> None:
    from suite.engine import identify, load_engine

    adapter = train(job(start_of("tiny", tmp_path, "functiongemma"), tmp_path, rows(16)))
    log = entries(adapter.parent)
    assert len(log) >= 6  # a row may have no pair
    assert [entry["step"] for entry in log] == list(range(1, len(log) + 1))
    # The first step has the warm-up's rate of zero behind it, so the second still stands where the first did.
    for entry in log[:2]:
        assert entry["rewards/margins"] == pytest.approx(0, abs=1e-3)
        assert entry["rewards/chosen"] == pytest.approx(0, abs=1e-3)
    assert max(abs(entry["rewards/margins"]) for entry in log[2:]) > 1e-2
    assert all(math.isfinite(entry[key]) for entry in log for key in ("loss", "logps/chosen", "logps/rejected"))
    assert sorted(path.name for path in adapter.iterdir()) == [
        "adapter_config.json", "adapter_model.safetensors", "callproof.json", "chat_template.jinja", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip
    prompt = load_format("functiongemma").render([{"role": "user", "content": "dim the lobby"}], [], prompt=True).text
    assert len(list(load_engine(identify(adapter.parent, None, None)).generate([prompt], max_new_tokens=4))) == 1


@pytest.mark.model
def test_a_stopped_run_goes_on_from_its_checkpoint_to_the_same_adapter_with_the_same_reference(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from train.backends import learning

    asked = job(start, tmp_path, rows(16))
    whole = contents(train(asked))
    stopped = replace(asked, out=tmp_path / "stopped")
    told = learning.Follow.on_log

    def stop_at_six(self: Any, args: Any, state: Any, *given: Any, **more: Any) -> None:
        if state.global_step == 6:
            raise KeyboardInterrupt
        told(self, args, state, *given, **more)

    with monkeypatch.context() as patched:
        patched.setattr(learning.Follow, "on_log", stop_at_six)
        with pytest.raises(KeyboardInterrupt):
            train(stopped)
    assert (stopped.out / "checkpoints" / "checkpoint-4").is_dir()
    assert contents(train(replace(stopped, resume=True))) == whole
    margins = [[entry["rewards/margins"] for entry in entries(run)] for run in (asked.out, stopped.out)]
    assert margins[0] == margins[1]


@pytest.mark.model
def test_the_reference_scores_as_the_start_alone_does(start: Path, tmp_path: Path) -> None:
    import torch

    from train.backends.learning import load_model

    material, pairs = encoded(job(start, tmp_path, rows(2), settings=replace(QUICK, precision="fp32")))
    work = open_work(material)
    built = dpo.build(work, pairs)
    batch = built.data_collator([built.train_dataset[0]])
    theirs, _ = built.compute_ref_log_probs(built.model, batch)
    ids = torch.tensor([[*pairs[0].ids[0], *pairs[0].ids[1]]])
    with torch.no_grad():
        logprobs = load_model(work)(input_ids=ids).logits[0, :-1].log_softmax(-1)
    ours = logprobs.gather(1, ids[0, 1:, None])[len(pairs[0].ids[0]) - 1 :].sum()
    assert float(theirs[0]) == pytest.approx(float(ours), rel=1e-4)


def contents(adapter: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in adapter.iterdir()}


@pytest.mark.usefixtures("either_arithmetic")
@pytest.mark.model
def test_two_runs_with_one_seed_give_one_adapter_and_a_resumed_one_the_same(start: Path, tmp_path: Path) -> None:
    asked = job(start, tmp_path, rows(16))
    once = contents(train(asked))
    again = replace(asked, out=tmp_path / "again")
    assert contents(train(again)) == once
    other = replace(asked, out=tmp_path / "other", settings=replace(QUICK, seed=1))
    assert contents(train(other))["adapter_model.safetensors"] != once["adapter_model.safetensors"]
    assert contents(train(replace(again, resume=True))) == once


@pytest.mark.model
def test_pairs_stand_in_the_settings_with_their_kinds_and_decide_whether_a_run_may_go_on(
    start: Path, tmp_path: Path
) -> None:
    file = tmp_path / "pairs.jsonl"
    data = write(tmp_path / "rows.jsonl", rows(6))
    assert main(["pairs", str(data), "--out", str(file), "--format", "functiongemma", "--seed", "1"]) == 0
    asked = replace(job(start, tmp_path, []), data=file, settings=replace(QUICK, epochs=0.5))
    adapter = train(asked)
    told = json.loads((adapter.parent / "settings.json").read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert sum(told["pairs"]["kinds"].values()) == told["pairs"]["count"] == len(lines)
    assert told["settings"]["beta"] == 0.1
    lines[0]["rejected"], lines[1]["rejected"] = lines[1]["rejected"], lines[0]["rejected"]
    write(file, lines)
    with pytest.raises(UserError, match=r"pairs\.digest was"):
        train(replace(asked, resume=True))


@pytest.mark.model
@pytest.mark.parametrize(
    ("rejected", "told"),
    [
        ({"role": "assistant", "content": "", "wire": {"intent_json": "{<end_of_turn>"}}, "no text for the format"),
        ({"role": "assistant", "content": "", "wire": {"functiongemma": "half"}}, "one stop token"),
        ({"role": "assistant", "content": "<start_function_call>"}, "control token"),
        ({"role": "user", "content": "hm"}, "an assistant's message"),
        (None, "just as the chosen answer"),
    ],
    ids=["another format", "no stop", "not to be written", "role", "the same"],
)
def test_a_pair_that_cannot_be_trained_on_is_told_by_its_line(
    rejected: Any, told: str, start: Path, tmp_path: Path
) -> None:
    row = good()
    *prompt, chosen = row["messages"]
    line = {"prompt": prompt, "chosen": [chosen], "rejected": [rejected or chosen], "tools": row["tools"], "kind": "x"}
    with pytest.raises(UserError) as caught:
        train(job(start, tmp_path, [row, line]))
    assert re.search(rf"data\.jsonl:2: .*{told}", str(caught.value))
    assert not (tmp_path / "run").exists()
