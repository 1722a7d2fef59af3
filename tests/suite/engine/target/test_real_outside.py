"""An adapter of plain PEFT on SmolLM2-135M, with a Hermes template of its own: gated with no option but its base."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures.bases import resolve_base
from fixtures.bases.packaged import PACKAGED
from tests.fixtures.formats.found.templates import HERMES, SILENT
from tests.train.making import drawn

BASE = "smollm2-135m"
ROOT = Path(__file__).parents[4]
STEPS = 4

pytestmark = [pytest.mark.nightly, pytest.mark.model]


def as_chat(template: str) -> str:
    """The template with the tokens of ChatML."""
    return template.replace("<s0>", "<|im_start|>").replace("<s1>", "<|im_end|>")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA after a few steps by hand on what its template renders, saved by PEFT, its tokenizer beside it."""
    if any(importlib.util.find_spec(package) is None for package, _ in PACKAGED[BASE].parts):
        pytest.skip(f"the package with the weights of {BASE} is not installed")
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path, folder = resolve_base(BASE).path, tmp_path_factory.mktemp("theirs")
    tokenizer: Any = AutoTokenizer.from_pretrained(path)
    tokenizer.chat_template = as_chat(HERMES)
    base: Any = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    torch.manual_seed(0)
    model: Any = get_peft_model(base, LoraConfig(r=8, target_modules="all-linear", task_type="CAUSAL_LM"))
    optimizer = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=1e-3)
    for row in drawn(STEPS):
        text = tokenizer.apply_chat_template(row["messages"], tools=row["tools"], tokenize=False)
        ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
        model(input_ids=ids, labels=ids).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def gated(folder: Path, place: Path) -> tuple[int, str]:
    """pytest as a user calls it, told to ask little."""
    options = ["--adapter", str(folder), "--base", BASE, "--budget", "20", "-k", "right_tool", "--results", "told.json"]
    paths = {"PYTHONPATH": f"{ROOT}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "callproof", "-p", "no:cacheprovider", *options],
        cwd=place, env={**os.environ, **paths}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def test_it_is_gated_in_its_own_format(theirs: Path, tmp_path: Path) -> None:
    code, out = gated(theirs, tmp_path)
    assert code in (0, 1), out
    identity = json.loads((tmp_path / "told.json").read_text())["identity"]
    assert (identity["base"], identity["format"]) == (BASE, "auto")
    assert "tagged_json from" in out
    assert "chat_template.jinja" in out


def test_with_a_template_that_drops_calls_it_is_refused_by_the_traps_name(theirs: Path, tmp_path: Path) -> None:
    (theirs / "chat_template.jinja").write_text(as_chat(SILENT))
    code, out = gated(theirs, tmp_path)
    assert code == 4, out
    assert "writes nothing for a call" in out
