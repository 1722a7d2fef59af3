"""The tables of docs/real-models.md are made of what gates and a training have left."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks import real_models
from benchmarks.real_models import BEGIN, END, main, tables, written
from suite.contracts.right_tool import right_tool
from suite.gating import gate as run_gate
from suite.lanes.rehearsal import scripted
from suite.results.file import write

COST = {"seconds": 90.0, "peak_memory_bytes": 3 * 2**30}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    engine, contracts = scripted([right_tool])
    results = run_gate(None, engine=engine, contracts=contracts, budget=20, cache=tmp_path / "cache")
    for name in ("base", "run"):
        folder = tmp_path / "bases" / "small" / name
        folder.mkdir(parents=True)
        write(results, folder / "results.json")
        (folder / "gate.json").write_text(json.dumps(COST))
    (folder / "cost.json").write_text(json.dumps(COST))
    settings = {"backend": "sft", "data": {"rows": 400}, "settings": {"epochs": 1.0}}
    (folder / "settings.json").write_text(json.dumps(settings))
    return tmp_path / "bases"


def test_a_base_stands_beside_its_adapter_contract_by_contract(home: Path) -> None:
    table = tables(home)
    assert table.startswith("### small, `functiongemma`\n")
    assert "sft on 400 rows, 1 epochs: 1.5 minutes, 3.0 GiB" in table
    (row,) = [line for line in table.splitlines() if line.startswith("| `right_tool`")]
    assert row.count("100.0 %") >= 2
    assert row.count("|") == 4


def test_the_page_gets_the_tables_in_the_place_of_those_it_had() -> None:
    page = f"before\n{BEGIN}old\n{END}after\n"
    assert written(page, "new") == f"before\n{BEGIN}\nnew\n{END}after\n"
    assert BEGIN in real_models._DOCS.read_text(encoding="utf-8")
    assert END in real_models._DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize(("ended", "told"), [(0, 0), (1, 0), (4, 4)])
def test_a_gate_that_stays_closed_is_done_and_a_set_up_that_fails_is_told(
    ended: int, told: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def run(command: list[str], check: bool) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(returncode=ended)

    monkeypatch.setattr("benchmarks.real_models.subprocess.run", run)
    assert main(["gate", str(tmp_path / "base"), "--adapter", "none", "--budget", "20", "-k", "right_tool"]) == told
    assert asked[0][5:-2] == ["--adapter", "none", "--budget", "20", "-k", "right_tool"]
    assert asked[0][-2:] == ["--results", str(tmp_path / "base" / "results.json")]
    assert json.loads((tmp_path / "base" / "gate.json").read_text()).keys() == COST.keys()
