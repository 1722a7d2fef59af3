"""An adapter made outside callproof is gated in the format of its own template, weights and all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from suite.contracts import CONTRACTS
from suite.gating import gate
from tests.fixtures.formats.found.templates import HERMES
from tests.suite.engine.target.adapters import make

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("one_thread"), pytest.mark.filterwarnings("ignore")]


def test_an_adapter_of_plain_peft_is_gated_with_no_option(small_base: Path, tmp_path: Path) -> None:
    folder = make(tmp_path / "adapter", small_base, tokenizer=True)
    template = HERMES.replace("<s0>", "<start_of_turn>").replace("<s1>", "<end_of_turn>")
    (folder / "chat_template.jinja").write_text("{{- bos_token -}}" + template)
    contracts = [contract for contract in CONTRACTS if contract.name == "right_tool"]
    results = gate(
        folder, contracts=contracts, budget=20, processes=1, cache=tmp_path / "cache", leave_out_unaskable=True
    )
    assert results.identity.format == "auto"
    told = json.loads((folder / "adapter_config.json").read_text())
    assert told["base_model_name_or_path"] == str(small_base) == results.identity.base
    assert [contract.name for contract in results.contracts] == ["right_tool"]
    assert results.calls["generated"] >= 10
