"""What lies beside an adapter renders the prompts that it was trained on, and makes no other adapter of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fixtures.formats import load_format
from tests.train.making import drawn
from train.backends.serving import beside

FORM = load_format("functiongemma")


def test_a_server_that_loads_the_folder_sends_what_the_gate_sends(small_tokenizer: Path, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    base = shutil.copytree(small_tokenizer, tmp_path / "base")
    (base / "chat_template.jinja").unlink(missing_ok=True)
    config = json.loads((base / "tokenizer_config.json").read_text())
    (base / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": "{{ 'the base own' }}"}))
    folder = tmp_path / "adapter"
    folder.mkdir()
    for name, content in beside(base, FORM).items():
        (folder / name).write_bytes(content)
    assert (folder / "tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()
    served = AutoTokenizer.from_pretrained(folder)
    for row in drawn(10):
        asked, tools = row["messages"][:-1], row["tools"]
        text = FORM.render(asked, tools, prompt=True).text
        assert served.apply_chat_template(asked, tools=tools, add_generation_prompt=True, tokenize=False) == text
        ids = served.apply_chat_template(asked, tools=tools, add_generation_prompt=True, return_dict=False)
        assert ids == served(text, add_special_tokens=False)["input_ids"]


def test_a_base_without_such_files_gives_the_template_alone(tmp_path: Path) -> None:
    assert list(beside(tmp_path, FORM)) == ["chat_template.jinja"]


@pytest.mark.model
def test_an_adapter_is_gated_and_trained_on_as_before(small_base: Path, tmp_path: Path) -> None:
    from suite.engine.target.identify import identify
    from tests.train.making import write
    from train.backends.registry import train
    from train.job import Job, Settings

    quick = Settings(epochs=1, batch_size=4, lora_r=4, lora_alpha=8, threads=1)
    job = Job(
        backend="sft",
        data=write(tmp_path / "rows", drawn(8)),
        out=tmp_path / "run",
        base=str(small_base),
        settings=quick,
    )
    adapter = train(job)
    assert {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"} < {p.name for p in adapter.iterdir()}
    target = identify(adapter, None, None)
    assert target.own_tokenizer is None
    again = Job(backend="sft", data=job.data, out=tmp_path / "again", start=adapter, settings=quick)
    assert train(again).is_dir()
