"""What was promoted is loaded by plain PEFT, with its own tokenizer and template, on the embedded base."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.bases import resolve_base
from fixtures.errors import UserError
from fixtures.formats import load_format
from suite.engine import identify
from suite.outcome import Results
from tests.train.making import LAMP, drawn, write
from tests.train.promotion.bench import contract, results
from train.backends.registry import train
from train.cli import main
from train.job import Job, Settings
from train.promotion import load_promoted

pytestmark = pytest.mark.model


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """An adapter of the embedded base, hardly trained."""
    settings = Settings(epochs=1, lora_r=2, threads=1)
    job = Job(backend="trainer", data=write(tmp_path / "rows.jsonl", drawn(4)), out=tmp_path / "run", settings=settings)
    return train(job).parent


def passing(adapter: Path, **options: Any) -> Results:
    """A gate that everything passes; what it says of the adapter is true."""
    return results([contract("pass")], identify(adapter, None, None).identity.adapter_digest)


def test_promoted_then_verified_then_loaded_by_plain_peft(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    monkeypatch.setattr("suite.gate", passing)
    monkeypatch.chdir(run.parent)
    assert main(["promote", "run", "--name", "lamps"]) == 0
    assert main(["verify", "lamps"]) == 0
    folder = load_promoted("lamps")

    def logits(adapter: Path, tokens: Any) -> Any:
        base = AutoModelForCausalLM.from_pretrained(resolve_base("tiny").path, dtype=torch.float32)
        with torch.no_grad():
            return PeftModel.from_pretrained(base, adapter)(**tokens).logits

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    form, said = load_format("functiongemma"), [{"role": "user", "content": "Light in the lobby"}]
    text = tokenizer.apply_chat_template(
        form.with_developer(said), tools=[LAMP.declaration()], tokenize=False, add_generation_prompt=True
    )
    assert text == form.render(said, [LAMP.declaration()], prompt=True).text
    tokens = tokenizer(text, return_tensors="pt", add_special_tokens=False)
    assert torch.equal(logits(folder, tokens), logits(run / "adapter", tokens))

    weights = folder / "adapter_model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(bytes(content))
    with pytest.raises(UserError, match="this file was changed after it was promoted"):
        load_promoted("lamps")
