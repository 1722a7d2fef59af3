"""Both supervised backends feed the model exactly our tokens, in one order, and the same seed gives the same bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import Tool, ToolCall, assistant, user
from tests.miniature import TINY_FORMATS
from tests.train.making import drawn, good, write
from train.backends import sft, trainer
from train.backends.material import Prepared
from train.backends.prepare import prepare
from train.backends.registry import train
from train.job import Job, Settings
from train.rows.mask import decode, token_ids
from train.rows.pieces import IGNORED

pytestmark = pytest.mark.model

ROOT = Path(__file__).resolve().parents[3]
BUILD = {"trainer": trainer.build, "sft": sft.build}
QUICK = Settings(
    epochs=1,
    batch_size=4,
    gradient_accumulation=1,
    lora_r=4,
    lora_alpha=8,
    lora_dropout=0.1,
    learning_rate=1e-2,
    threads=1,
)


def job(backend: str, tmp_path: Path, base: Path, rows: list[Any], **options: Any) -> Job:
    data = write(tmp_path / "rows.jsonl", rows)
    given: dict[str, Any] = {"out": tmp_path / backend, "settings": QUICK, **options}
    return Job(backend=backend, data=data, base=str(base), **given)


def fed(built: Any, pad: int) -> Iterator[tuple[list[int], list[int]]]:
    """Ids and labels of every row that the trainer's own loader and collator give to the model, without the padding."""
    for batch in built.get_train_dataloader():
        for ids, labels, mask in zip(batch["input_ids"], batch["labels"], batch["attention_mask"], strict=True):
            length = int(mask.sum())
            assert set(labels[length:].tolist()) <= {IGNORED}
            assert set(ids[length:].tolist()) <= {pad}
            yield ids[:length].tolist(), labels[:length].tolist()


@pytest.mark.parametrize("form", TINY_FORMATS)
@pytest.mark.parametrize("backend", BUILD)
def test_what_the_model_is_fed_is_our_tokenisation(backend: str, form: str, small_base: Path, tmp_path: Path) -> None:
    work = prepare(job(backend, tmp_path, small_base, drawn(24), format=form))
    given = list(fed(BUILD[backend](work), work.tokenizer.pad_token_id))
    assert sorted(given) == sorted((list(e.ids), list(e.labels)) for e in work.examples)
    wire = load_format(form)
    for row, example in zip(work.rows, work.examples, strict=True):
        prompt = token_ids(work.tokenizer, wire.render(row.messages[:-1], row.tools, prompt=True).text)
        assert list(example.ids[: len(prompt)]) == prompt
        *_, answer = [decode(work.tokenizer, tokens) for on, tokens in example.runs() if on]
        called = [call["function"]["name"] for call in row.messages[-1].get("tool_calls", ())]
        assert [call.name for call in wire.parse(answer).calls] == called
        assert answer.endswith(wire.stops)


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_both_backends_feed_the_rows_in_the_same_order(form: str, small_base: Path, tmp_path: Path) -> None:
    orders = []
    for backend in BUILD:
        work = prepare(job(backend, tmp_path, small_base, drawn(24), format=form))
        orders.append(list(fed(BUILD[backend](work), work.tokenizer.pad_token_id)))
    assert orders[0] == orders[1]
    assert [ids for ids, _ in orders[0]] != [list(example.ids) for example in work.examples]


@pytest.mark.parametrize("backend", BUILD)
def test_the_loss_is_that_of_all_logits_though_only_those_before_answers_are_computed(
    backend: str, small_base: Path, tmp_path: Path
) -> None:
    import torch

    settings = replace(QUICK, lora_dropout=0.0)
    work = prepare(job(backend, tmp_path, small_base, drawn(24), settings=settings))
    built = BUILD[backend](work)
    batch = next(iter(built.get_train_dataloader()))
    model, weights = built.model, [weight for weight in built.model.parameters() if weight.requires_grad]
    loss = built.compute_loss(model, dict(batch), num_items_in_batch=(batch["labels"] != IGNORED).sum())
    whole = model(**{key: batch[key] for key in ("input_ids", "attention_mask", "labels")}).loss
    assert 0 < batch["logits_to_keep"].numel() < batch["input_ids"].shape[1] / 2
    assert loss.item() == pytest.approx(whole.item(), rel=1e-5)
    for one, other in zip(torch.autograd.grad(loss, weights), torch.autograd.grad(whole, weights), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("backend", BUILD)
def test_seedcores_rows_are_fed_with_their_catalog(backend: str, small_base: Path, tmp_path: Path) -> None:
    sample = Path(__file__).parents[1] / "rows" / "seedcore_sample.jsonl"
    asked = replace(job(backend, tmp_path, small_base, []), data=sample, tools="tuya")
    work = prepare(asked)
    given = list(fed(BUILD[backend](work), work.tokenizer.pad_token_id))
    assert sorted(given) == sorted((list(e.ids), list(e.labels)) for e in work.examples)
    assert "declaration:tuya.get_status" in decode(work.tokenizer, work.examples[0].ids)


def test_several_gpus_want_as_many_processes(small_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    work = prepare(job("trainer", tmp_path, small_base, [good()]))
    with pytest.raises(UserError, match=r"one process sees 2 GPUs") as told:
        trainer.build(work)
    assert "--processes 2" in told.value.hint


MIXED = Tool(
    "mix",
    "Mixes.",
    {
        "type": "object",
        "properties": {
            "any": {"description": "anything"},
            "when": {"type": "string"},
            "deep": {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}},
            "list": {"type": "array", "items": {"type": "object", "properties": {"x": {}, "y": {}}}},
        },
    },
)
MIXTURE: list[dict[str, Any]] = [
    {"any": 3},
    {"any": True},
    {"any": "three", "when": "2025-06-06 14:00:00"},
    {"any": 2.0},
    {"deep": {"a": 1}},
    {"deep": {"b": "only"}, "when": ""},
    {"list": [{"x": 1}, {"y": "two"}, {}]},
    {"list": []},
    {"any": {"free": [1, "a", None, False]}},
    {"any": None},
    {},
]


def test_no_argument_of_one_row_leaks_into_another(small_base: Path, tmp_path: Path) -> None:
    rows = [
        {"messages": [user("go"), assistant([ToolCall("mix", arguments)])], "tools": [MIXED.declaration()]}
        for arguments in MIXTURE
    ]
    work = prepare(job("sft", tmp_path, small_base, [good(), *rows], format="intent_json"))
    built = sft.build(work)
    answers = [json.loads(text) for text in map(last_answer(work), built.train_dataset)]
    assert [answer["arguments"] for answer in answers[1:]] == MIXTURE
    # 2.0 == 2 and True == 1 in Python, so the types are compared on their own.
    assert [json.dumps(answer["arguments"]) for answer in answers[1:]] == [json.dumps(a) for a in MIXTURE]


def last_answer(work: Prepared) -> Any:
    def answer(row: Any) -> str:
        text = decode(work.tokenizer, tuple(label for label in row["labels"] if label != IGNORED))
        return text.removesuffix("<end_of_turn>")

    return answer


@pytest.mark.parametrize("kept", [slice(0, 3), slice(0, 4)], ids=["dropped", "otherwise"])
def test_rows_that_trl_drops_or_changes_are_refused_before_training(
    kept: slice, small_base: Path, tmp_path: Path
) -> None:
    work = prepare(job("sft", tmp_path, small_base, [good(room) for room in ("a", "b", "c", "d")]))
    theirs = [{"input_ids": list(e.ids), "labels": list(e.labels)} for e in work.examples]
    sft.check_rows(work, theirs)
    theirs[1] = {**theirs[1], "labels": [IGNORED, *theirs[1]["labels"][:-1]]}
    with pytest.raises(UserError, match=r"kept 3 of 4 rows|otherwise than the gate: lines 2"):
        sft.check_rows(work, theirs[kept])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.usefixtures("either_arithmetic")
@pytest.mark.parametrize("backend", BUILD)
def test_the_seed_decides_the_adapters_bytes(backend: str, small_base: Path, tmp_path: Path) -> None:
    rows = drawn(12)
    runs = {
        name: contents(train(job(backend, tmp_path, small_base, rows, out=tmp_path / name, settings=settings)))
        for name, settings in {"one": QUICK, "again": QUICK, "other": replace(QUICK, seed=1)}.items()
    }
    assert sorted(runs["one"]) == [
        "adapter_config.json", "adapter_model.safetensors", "callproof.json", "chat_template.jinja", "tokenizer.json",
        "tokenizer_config.json",
    ]  # fmt: skip
    assert runs["one"] == runs["again"]
    assert runs["one"]["adapter_model.safetensors"] != runs["other"]["adapter_model.safetensors"]


def losses(run: Path) -> dict[int, float]:
    lines = (run / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return {entry["step"]: entry["loss"] for entry in map(json.loads, lines)}


def test_both_backends_take_the_same_steps_up_to_rounding(small_base: Path, tmp_path: Path) -> None:
    rows = drawn(16)
    settings = replace(QUICK, epochs=3, precision="fp32", gradient_accumulation=2)
    for backend in BUILD:
        train(job(backend, tmp_path, small_base, rows, settings=settings))
    plain, trl = losses(tmp_path / "trainer"), losses(tmp_path / "sft")
    assert list(plain) == [1, 2, 3, 4, 5, 6]
    assert plain == pytest.approx(trl, rel=1e-4)
    assert plain[6] < plain[1]


@pytest.mark.usefixtures("either_arithmetic")
def test_a_trained_run_holds_log_settings_mask_and_an_adapter_that_loads(small_base: Path, tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    adapter = train(job("trainer", tmp_path, small_base, drawn(8)))
    run = adapter.parent
    wanted = ["adapter", "cost.json", "log.jsonl", "mask.txt", "settings.json"]
    assert sorted(path.name for path in run.iterdir()) == wanted
    cost = json.loads((run / "cost.json").read_text(encoding="utf-8"))
    assert 0 < cost["seconds"] < 600
    assert cost["peak_memory_bytes"] > 10_000_000
    assert "⟦<start_function_call>" in (run / "mask.txt").read_text(encoding="utf-8")
    settings = json.loads((run / "settings.json").read_text(encoding="utf-8"))
    assert settings["settings"]["lora_r"] == 4
    assert len(settings["data"]["digest"]) == 64
    assert json.loads((adapter / "adapter_config.json").read_text())["base_model_name_or_path"] == str(small_base)
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(small_base), adapter)
    b_matrices = [weight for name, weight in model.named_parameters() if "lora_B" in name]
    assert len(b_matrices) == 14
    assert all(float(weight.abs().max()) > 0 for weight in b_matrices)


def test_unknown_modules_are_refused_with_the_ones_there_are(small_base: Path, tmp_path: Path) -> None:
    settings = replace(QUICK, target_modules=("q_proj", "query"))
    with pytest.raises(UserError, match=r"no linear module 'query'[\s\S]*all-linear, down_proj, .*q_proj"):
        train(job("trainer", tmp_path, small_base, [good()], settings=settings))


def test_named_modules_are_adapted_and_no_others(small_base: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    settings = replace(QUICK, target_modules=("q_proj", "v_proj"))
    adapter = train(job("trainer", tmp_path, small_base, [good()], settings=settings))
    names = {name.split(".")[-3] for name in load_file(adapter / "adapter_model.safetensors")}
    assert names == {"q_proj", "v_proj"}


def test_a_run_that_diverges_leaves_no_adapter(small_base: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    base = shutil.copytree(small_base, tmp_path / "base")
    weights = load_file(base / "model.safetensors")
    weights["model.norm.weight"][0] = float("nan")
    save_file(weights, base / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="diverged"):
        train(job("trainer", tmp_path, base, [good()] * 4))
    assert not (tmp_path / "trainer" / "adapter").exists()
