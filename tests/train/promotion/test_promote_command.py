"""`python -m train promote` on an adapter that was really trained, with a gate whose verdict is given."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from suite.engine import identify
from suite.outcome import Results, VerdictName
from tests.train.making import good, write
from tests.train.promotion.bench import contract, results
from train.backends.registry import train
from train.cli import main
from train.job import Job, Settings

pytestmark = pytest.mark.model


@pytest.fixture
def run(small_base: Path, tmp_path: Path) -> Path:
    data = write(tmp_path / "rows.jsonl", [good()] * 4)
    settings = Settings(epochs=1, lora_r=2, threads=1)
    job = Job(backend="trainer", data=data, base=str(small_base), out=tmp_path / "run", settings=settings)
    return train(job).parent


def gate_says(verdict: VerdictName, asked: list[dict[str, Any]]) -> Any:
    def gate(adapter: Path, **options: Any) -> Results:
        asked.append(options)
        return results([contract(verdict)], identify(adapter, None, None).identity.adapter_digest)

    return gate


@pytest.mark.parametrize(("verdict", "code"), [("pass", 0), ("fail", 1), ("undecided", 1)])
def test_the_exit_code_follows_the_verdict_and_the_page_is_written(
    verdict: VerdictName, code: int, run: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr("suite.gate", gate_says(verdict, asked))
    monkeypatch.chdir(run.parent)
    command = ["promote", "run", "--name", "intent", "--catalog", "tuya", "--seed", "3", "--budget", "50"]
    assert main(command) == code
    assert (asked[0]["catalogs"], asked[0]["seed"], asked[0]["budget"]) == (("tuya",), 3, 50)
    out = capsys.readouterr().out
    assert "page: run/results.html" in out
    assert (run / "results.html").is_file()
    if code:
        assert f"c_{verdict}: {verdict}, because" in out
        held = next(Path("registry/intent/held").iterdir())
        assert f"python -m train repair {held}" in out
        assert identify(held, None, None).identity.adapter_digest == identify(run, None, None).identity.adapter_digest
        assert not Path("registry/intent/current.json").exists()
        return
    current = json.loads(Path("registry/intent/current.json").read_text(encoding="utf-8"))
    assert main(["verify", "intent"]) == 0
    promoted = identify(Path("registry/intent") / current["adapter"], None, None).identity
    assert promoted.adapter_digest == identify(run, None, None).identity.adapter_digest == current["adapter_digest"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--budget", "3"], "budget=3 is too small"),
        (["--name", "a/b"], "cannot name a folder"),
        (["--expires", "0"], "0 is out of range"),
    ],
    ids=["budget", "name", "expires"],
)
def test_bad_options_are_told_with_exit_code_2(
    options: list[str], told: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", str(run), "--name", "intent", *options]) == 2
    assert told in capsys.readouterr().err


def test_a_folder_without_an_adapter_is_told_with_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["promote", str(tmp_path / "nothing"), "--name", "intent"]) == 2
    assert "there is no such folder" in capsys.readouterr().err
