"""Scorers are found, refused and asked; the gate refuses them with one clear error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fixtures.bases import resolve_base
from fixtures.errors import UserError
from fixtures.formats import load_format
from suite.engine import identify
from suite.reply import Generation, Reply
from train.preferences.scoring import best_of, find_scorer


def run(tmp_path: Path, *, config: dict[str, Any] | None = None, manifest: dict[str, Any] | None = None) -> Path:
    """A run folder whose adapter says of itself what a scorer says, with an empty weights file."""
    adapter = tmp_path / "run" / "adapter"
    adapter.mkdir(parents=True)
    config = {"peft_type": "LORA", "task_type": "SEQ_CLS", "r": 4} | (config or {})
    base = resolve_base("tiny")
    manifest = {"base": "tiny", "base_digest": base.digest, "format": "intent_json"} | (manifest or {})
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    (adapter / "callproof.json").write_text(json.dumps(manifest))
    (adapter / "adapter_model.safetensors").touch()
    return adapter.parent


def test_a_scorer_is_found_by_its_run_folder(tmp_path: Path):
    found = find_scorer(run(tmp_path))
    assert (found.base.name, found.format.name, found.folder.name) == ("tiny", "intent_json", "adapter")
    assert len(found.digest) == 16


@pytest.mark.parametrize(
    ("config", "manifest", "told"),
    [
        ({"task_type": "CAUSAL_LM"}, {}, "writes replies"),
        ({}, {"base_digest": "0" * 16}, "trained on tiny with hash 0000"),
        ({}, {"format": "morse"}, "no format 'morse'"),
    ],
    ids=["no scorer", "another base", "another format"],
)
def test_what_is_no_scorer_is_refused(config: dict[str, Any], manifest: dict[str, Any], told: str, tmp_path: Path):
    with pytest.raises(UserError, match=told):
        find_scorer(run(tmp_path, config=config, manifest=manifest))


def test_a_missing_scorer_is_told_with_the_option_that_named_it(tmp_path: Path):
    with pytest.raises(UserError, match=r"--scorer .*nowhere"):
        find_scorer(tmp_path / "nowhere")


def test_a_scorer_without_weights_or_manifest_is_refused(tmp_path: Path):
    folder = run(tmp_path)
    (folder / "adapter" / "adapter_model.safetensors").unlink()
    with pytest.raises(UserError, match=r"no adapter_model\.safetensors"):
        find_scorer(folder)
    (folder / "adapter" / "callproof.json").unlink()
    with pytest.raises(UserError, match=r"callproof\.json\s+problem: the file cannot be read"):
        find_scorer(folder)


def test_the_gate_refuses_a_scorer_for_what_it_is(tmp_path: Path):
    with pytest.raises(UserError, match=r"task_type='SEQ_CLS': it scores replies[\s\S]*CAUSAL_LM[\s\S]*--scorer"):
        identify(run(tmp_path), None, None)


def test_the_gate_refuses_other_adapters_that_write_nothing(tmp_path: Path):
    with pytest.raises(UserError, match="task_type='TOKEN_CLS': it writes no replies"):
        identify(run(tmp_path, config={"task_type": "TOKEN_CLS"}), None, None)


def replies(*texts: str) -> list[Reply]:
    form = load_format("intent_json")
    return [Reply(Generation(text, (), "stop"), form.parse(text)) for text in texts]


def test_the_best_reply_is_the_first_of_those_that_score_highest():
    asked: list[tuple[str, str]] = []

    def longest(prompts: Sequence[str], texts: Sequence[str]) -> list[float]:
        asked.extend(zip(prompts, texts, strict=True))
        return [float(len(text)) for text in texts]

    given = [replies("a", "bbb", "cc"), replies("xx", "yy")]
    assert [reply.raw for reply in best_of(["one", "two"], given, longest)] == ["bbb", "xx"]
    assert asked == [("one", "a"), ("one", "bbb"), ("one", "cc"), ("two", "xx"), ("two", "yy")]
