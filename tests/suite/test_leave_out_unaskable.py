"""`--leave-out-unaskable`: a catalog is refused for a tool that nobody can be asked for, or goes on without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from suite.contracts import CONTRACTS
from suite.gating import gate
from suite.lanes.rehearsal import scripted
from suite.outcome import Results
from suite.settings import read_settings

TOOLS = [
    {"name": "dim_lamp", "parameters": {"properties": {"lamp": {"type": "string"}}, "required": ["lamp"]}},
    {"name": "run_fan", "parameters": {"properties": {"speed": {"type": "integer"}}, "required": ["speed"]}},
    {"name": "a b"},
    {"name": "pick", "parameters": {"properties": {"code": {"pattern": "^(?=a)b$"}}, "required": ["code"]}},
]


@pytest.fixture
def tools(tmp_path: Path) -> str:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps(TOOLS))
    return str(path)


def rehearsed(tools: str, cache: Path, **more: Any) -> Results:
    engine, contracts = scripted(CONTRACTS)
    return gate(None, engine=engine, contracts=contracts, catalogs=[tools], made_up=0, budget=20, cache=cache, **more)


def test_a_tool_that_cannot_be_asked_for_refuses_the_catalog_before_anything_is_asked(
    tools: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError) as told:
        rehearsed(tools, tmp_path)
    assert told.value.where == tools
    assert [line.split(":")[0].strip() for line in told.value.problem.splitlines()] == [
        "2 tools cannot be asked for", "tool 'a b' /function/name", "tool 'pick' /properties/code",
    ]  # fmt: skip
    assert "--leave-out-unaskable" in told.value.hint


def test_without_such_tools_the_right_answers_keep_every_contract(tools: str, tmp_path: Path) -> None:
    results = rehearsed(tools, tmp_path, leave_out_unaskable=True)
    assert [contract.name for contract in results.contracts if contract.counterexamples] == []
    assert "fail" not in {contract.verdict.name for contract in results.contracts}


def test_the_setting_is_a_truth_value(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.callproof]\nleave_out_unaskable = true\n")
    assert read_settings(path, {}).leave_out_unaskable is True
    path.write_text("[tool.callproof]\nleave_out_unaskable = 'yes'\n")
    with pytest.raises(UserError, match="true or false"):
        read_settings(path, {})
