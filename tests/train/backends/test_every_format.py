"""Every backend trains in every format, on what the gate would ask, and what it made is gated in the same format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from fixtures.rows.reading import Row
from suite.engine.target.identify import Target, identify
from suite.reply import Generation, Reply
from tests.train.everyformat import EVERY, ROWS, TEMPLATES, architecture_of, asked_for, base_of
from tests.train.making import write
from train.backends.grpo import GrpoSettings
from train.backends.material import Material
from train.backends.prepare import gather
from train.backends.registry import BACKENDS, train
from train.backends.rejection import RejectionSettings
from train.job import Job, Settings
from train.preferences.pairs import ends_once, wire_of
from train.preferences.scoring import find_scorer
from train.rows.mask import decode

pytestmark = [
    pytest.mark.model, pytest.mark.usefixtures("one_thread"), pytest.mark.filterwarnings("ignore:.*:FutureWarning")
]  # fmt: skip

QUICK = Settings(
    epochs=1, batch_size=4, lora_r=4, lora_alpha=8, learning_rate=1e-3, warmup=0, threads=1, precision="fp32"
)  # fmt: skip
OWN: dict[str, Any] = {
    "grpo": GrpoSettings(new_tokens=8, generations=2),
    "rejection": RejectionSettings(rounds=1, k=2),
}

JobOf = Callable[..., Job]


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The miniature for a format, made when it is first asked for."""
    made: dict[str, Path] = {}

    def base(name: str) -> Path:
        kind = architecture_of(name)
        if kind not in made:
            made[kind] = base_of(kind, tmp_path_factory.mktemp(kind))
        return made[kind]

    return base


@pytest.fixture(scope="session")
def started(bases: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A run of a step of SFT in a format, made when it is first asked for."""
    made: dict[str, Path] = {}

    def start(name: str) -> Path:
        if name not in made:
            folder = tmp_path_factory.mktemp("start")
            job = Job(
                backend="sft", data=write(folder / "rows.jsonl", ROWS), out=folder / "run", base=str(bases(name)),
                settings=QUICK, **asked_for(name, folder),
            )  # fmt: skip
            made[name] = train(job).parent
        return made[name]

    return start


@pytest.mark.parametrize("name", EVERY)
def test_what_sft_made_is_gated_in_the_very_format_it_was_trained_in(name: str, started: Any, bases: Any) -> None:
    run = started(name)
    target = identify(run, None, None)
    assert target.own_tokenizer is None
    assert (target.format.name, bool(target.format.source)) == (
        "auto" if name in TEMPLATES else name,
        name in TEMPLATES,
    )
    assert identify(run, None, target.format.name).format == target.format
    material = gather(Job(backend="sft", data=run.parent / "rows.jsonl", out=run.parent / "none", start=run))
    assert material.format.digest == target.identity.format_digest
    learned = [check_mask(material, target, place) for place in range(len(material.rows))]
    assert sum(learned) == len(ROWS) + (name != "found forgetful")


def check_mask(material: Material, target: Target, place: int) -> int:
    """How many answers the example learns: each behind the gate's prompt for it, from its first token to its stop."""
    from transformers import AutoTokenizer

    row, example, form = material.rows[place], material.examples[place], target.format
    gates: Any = AutoTokenizer.from_pretrained(target.tokenizer)
    turns = [n for n, message in enumerate(row.messages) if message["role"] == "assistant"]
    runs, before = list(example.runs()), 0
    answers = [tokens for learned, tokens in runs if learned]
    for learned, tokens in runs:
        if learned:
            turn = turns[-1] if len(answers) == 1 else turns.pop(0)
            asked = form.render(row.messages[:turn], row.tools, prompt=True).text
            assert list(example.ids[:before]) == gates(asked, add_special_tokens=False)["input_ids"]
            text = decode(gates, tokens)
            assert ends_once(text, form)
            (call,) = form.parse(text, row.tools).calls
            assert call.arguments == row.messages[turn]["tool_calls"][0]["function"]["arguments"]
        before += len(tokens)
    return len(answers)


@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != "sft"])
@pytest.mark.parametrize("name", EVERY)
def test_each_backend_takes_a_step(
    name: str, backend: str, started: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = started(name)
    data = write(tmp_path / "rows.jsonl", pairs_in(start) if backend == "reward" else ROWS)
    job = Job(
        backend=backend, data=data, out=tmp_path / "run", start=start, own=OWN.get(backend),
        settings=replace(QUICK, lora_r=64, lora_alpha=128),
    )  # fmt: skip
    if backend == "rejection":
        monkeypatch.setattr("train.backends.rejection.sample", half_right)
    if (architecture_of(name), backend) == ("lfm2", "reward"):
        with pytest.raises(UserError, match="transformers cannot put a score head on this base"):
            train(job)
        return
    adapter = train(job)
    assert (adapter / "chat_template.jinja").read_bytes() == (start / "adapter" / "chat_template.jinja").read_bytes()
    if backend == "reward":
        assert find_scorer(adapter.parent).format == identify(start, None, None).format
        return
    assert identify(adapter.parent, None, None).format == identify(start, None, None).format
    # Random replies earn the same, so that GRPO learns nothing; sampled ones are no better after a round of rejection.
    learned = {"rejection": adapter.parent / "rounds" / "1" / "adapter", "grpo": None}.get(backend, adapter)
    if learned:
        weights = "adapter_model.safetensors"
        assert (learned / weights).read_bytes() != (start / "adapter" / weights).read_bytes()


def pairs_in(start: Path) -> list[Any]:
    """Preference pairs in the format of a run, as `train pairs` writes them."""
    from train.cli import main

    file = start.parent / "pairs.jsonl"
    options = ["--adapter", str(start), "--samples", "0", "--out", str(file), "--overwrite"]
    assert main(["pairs", str(start.parent / "rows.jsonl"), *options]) == 0
    return file.read_text(encoding="utf-8").splitlines()


def half_right(target: Target, prompts: Any, *, k: int, tools: Any, **_: Any) -> list[list[Reply]]:
    """What nobody sampled: the right answer and a wrong one to each request."""
    form, rows = target.format, [Row(1, tuple(row["messages"]), tuple(row["tools"])) for row in ROWS]
    said = [wire_of(row, row.messages[-1], form) for row in rows]
    assert [form.render(row.messages[:-1], row.tools, prompt=True).text for row in rows] == list(prompts)
    return [
        [Reply(Generation(text, (-1.0,), "stop"), form.parse(text, row.tools)) for text in (right, form.stops[0])]
        for right, row in zip(said, rows, strict=True)
    ]
