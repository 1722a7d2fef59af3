"""Nothing of a stranger runs: no code beside a model, and none that a question is answered with yes for."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fixtures.bases import resolve_base
from fixtures.errors import UserError
from suite.engine import identify
from tests.house.source import ROOT, files
from tests.suite.engine.target.adapters import make

OF_PEFT = {"PeftModel", "LoraConfig"}
"""Their `from_pretrained` runs no foreign code, and knows no such argument."""

LOADS = """
from types import SimpleNamespace
from fixtures.bases import resolve_base
from fixtures.errors import UserError
from fixtures.formats import load_format
from suite.engine import identify, load_engine
from train.backends.learning import load_model
from train.job import Settings
from train.preferences.scoring import headed_base
from train.rows.mask import load_tokenizer
base = resolve_base(BASE)
work = SimpleNamespace(base=base, start=None, job=SimpleNamespace(settings=Settings()))
for load in (
    lambda: load_engine(identify(None, BASE, None)),
    lambda: load_engine(identify(ADAPTER, None, None)),
    lambda: load_tokenizer(BASE, load_format("functiongemma")),
    lambda: headed_base(base),
    lambda: load_model(work),
):
    try:
        load()
        print("it loads, without that code")
    except UserError as error:
        print("refused:", error.where)
"""
"""All that loads a model or a tokenizer."""


def mark_of(folder: Path) -> Path:
    """The file that code of the folder would leave behind; every kind of its files asks for that code."""
    mark = folder / "it-ran"
    (folder / "evil.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    names = ("AutoConfig", "AutoModel", "AutoModelForCausalLM", "AutoModelForSequenceClassification")
    auto_map = {name: "evil.Evil" for name in names} | {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}
    for name, settings in (("config.json", {"model_type": "evil"}), ("tokenizer_config.json", {})):
        (folder / name).write_text(json.dumps(settings | {"auto_map": auto_map, "tokenizer_class": "Evil"}))
    return mark


def test_code_beside_a_model_is_not_run_even_if_somebody_says_yes(small_base: Path, tmp_path: Path) -> None:
    base = shutil.copytree(small_base, tmp_path / "base")
    adapter = make(tmp_path / "adapter", small_base, tokenizer=True)
    marks = [mark_of(base), mark_of(adapter)]
    code = f"from pathlib import Path\nBASE, ADAPTER = {str(base)!r}, Path({str(adapter)!r})\n{LOADS}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    options: Any = {"env": environment, "cwd": ROOT, "capture_output": True, "text": True, "timeout": 300}
    done = subprocess.run([sys.executable, "-c", code], input="y\n" * 50, **options)
    assert not any(mark.exists() for mark in marks)
    assert done.returncode == 0, done.stderr[-2000:]
    assert len(done.stdout.splitlines()) >= 5


def test_every_load_says_that_it_trusts_no_code() -> None:
    found = []
    for path in files("suite", "train", "benchmarks"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "from_pretrained"
            ):
                owner = ast.unparse(node.func.value)
                said = {k.arg: ast.unparse(k.value) for k in node.keywords}.get("trust_remote_code")
                found.append((owner in OF_PEFT or said == "False", f"{path}:{node.lineno} {owner}"))
    assert len(found) > 5
    assert [where for fine, where in found if not fine] == []


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation", "experts_implementation"])
def test_a_base_that_asks_for_kernels_of_a_hub_is_refused(key: str, small_base: Path, tmp_path: Path) -> None:
    base = shutil.copytree(small_base, tmp_path / "base")
    settings = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps(settings | {"text_config": {key: "kernels-community/flash"}}))
    with pytest.raises(UserError, match="asks for code from a hub"):
        resolve_base(str(base))


def test_a_base_folder_with_an_adapter_in_it_is_refused(small_base: Path, tmp_path: Path) -> None:
    base = shutil.copytree(small_base, tmp_path / "base")
    (base / "adapter_config.json").write_text("{}")
    with pytest.raises(UserError, match="holds an adapter"):
        resolve_base(str(base))


def test_pickled_weights_of_a_base_are_not_read(small_base: Path, tmp_path: Path) -> None:
    base = shutil.copytree(small_base, tmp_path / "base")
    (base / "model.safetensors").rename(base / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"no \*\.safetensors"):
        identify(None, str(base), None)
