"""An adapter takes a name only if every gating contract passed, and only if it is the one that was gated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures.bases import digest_files
from fixtures.errors import UserError
from suite.calibration import CALIBRATOR
from suite.engine.target.folders import adapter_folder
from suite.outcome import (
    CalibratorUsed,
    ContractResult,
    Identity,
    Never,
    ReportOnly,
    Results,
    Tally,
    Verdict,
    VerdictName,
)
from suite.settings import Settings
from train.promote import Hold, Promote, Tools, decide, identify_champion, promote

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def contract(verdict: VerdictName, *, gating: bool = True) -> ContractResult:
    bar = Never(strict=True) if gating else ReportOnly()
    return ContractResult(f"c_{verdict}", "It holds.", bar, Verdict(verdict, "because"), Tally(10, 10), None)


RISKS = {"alpha": 0.05, "beta": 0.05}


def results(contracts: Sequence[ContractResult], digest: str = "a" * 16) -> Results:
    identity = Identity("tiny", "b" * 16, "run", digest, "functiongemma", "f" * 16)
    return Results(identity, {}, 0, 400, 160, "2026-01-01T00:00:00+00:00", 1.0, {}, {}, RISKS, tuple(contracts))


@pytest.mark.parametrize(
    ("contracts", "decision"),
    [
        ([contract("pass")], Promote("a" * 16)),
        ([contract("pass"), contract("measured", gating=False)], Promote("a" * 16)),
        ([contract("pass"), contract("fail", gating=False)], Promote("a" * 16)),
        ([contract("pass"), contract("fail")], Hold(("c_fail: fail, because",))),
        ([contract("undecided"), contract("pass")], Hold(("c_undecided: undecided, because",))),
        (
            [contract("undecided"), contract("fail")],
            Hold(("c_undecided: undecided, because", "c_fail: fail, because")),
        ),
        ([contract("measured")], Hold(("c_measured: measured, because",))),
        ([contract("measured", gating=False)], Hold(("no gating contract was asked",))),
        ([], Hold(("no gating contract was asked",))),
    ],
    ids=["all pass", "one measured", "fail not gating", "fail", "undecided", "both", "odd", "none gating", "nothing"],
)
def test_only_a_clean_pass_promotes(contracts: list[ContractResult], decision: Promote | Hold) -> None:
    assert decide(results(contracts)) == decision


def weights_digest(path: Path) -> str:
    if not (adapter_folder(path) / "adapter_model.safetensors").is_file():
        raise UserError(str(path), "there are no weights")
    return hashlib.sha256((adapter_folder(path) / "adapter_model.safetensors").read_bytes()).hexdigest()[:16]


@dataclass
class Bench:
    """A run folder, a registry, and a scripted gate with a fixed verdict."""

    folder: Path
    verdict: VerdictName = "pass"
    during_gate: Callable[[], object] = lambda: None
    during_copy: Callable[[], object] = lambda: None
    asked: list[Path] = field(default_factory=list)
    champions: list[Path | None] = field(default_factory=list)

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @property
    def shelf(self) -> Path:
        return self.folder / "registry" / "intent"

    def train(self, weights: bytes) -> str:
        adapter = self.run / "adapter"
        adapter.mkdir(parents=True, exist_ok=True)
        (adapter / "adapter_model.safetensors").write_bytes(weights)
        (adapter / "adapter_config.json").write_text("{}")
        return weights_digest(self.run)

    def calibrate(self, content: str) -> None:
        (self.run / "adapter" / CALIBRATOR).write_text(content)

    def gate(self, run: Path, champion: Path | None) -> Results:
        self.asked.append(run)
        self.champions.append(champion)
        gated = results([contract(self.verdict)], weights_digest(run))
        file = adapter_folder(run) / CALIBRATOR
        if file.is_file():
            gated = replace(gated, calibrator=CalibratorUsed("isotonic", "likelihood", digest_files([file])))
        self.during_gate()
        return gated

    def write(self, gated: Results, path: Path) -> None:
        path.write_text(json.dumps({"adapter": gated.identity.adapter_digest}))
        self.during_copy()

    def promote(self, name: str = "intent") -> Promote | Hold:
        tools = Tools(self.gate, weights_digest, self.write)
        return promote(self.run, name, self.folder / "registry", self.run / "results.json", tools, now=NOW)

    def current(self) -> dict[str, str]:
        alias: dict[str, str] = json.loads((self.shelf / "current.json").read_text(encoding="utf-8"))
        return alias


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_pass_copies_the_adapter_and_moves_the_alias(bench: Bench) -> None:
    digest = bench.train(b"one")
    assert bench.promote() == Promote(digest)
    assert bench.current() == {
        "name": "intent",
        "adapter_digest": digest,
        "adapter": digest,
        "results": f"{digest}/results.json",
        "promoted": "2026-01-02T03:04:05+00:00",
    }
    assert weights_digest(bench.shelf / digest) == digest
    assert json.loads((bench.shelf / digest / "results.json").read_text()) == {"adapter": digest}
    assert sorted(path.name for path in bench.shelf.iterdir()) == sorted([digest, "current.json"])


def test_the_adapter_that_serves_is_the_champion_of_the_next(bench: Bench) -> None:
    first = bench.train(b"one")
    bench.promote()
    bench.train(b"two")
    bench.promote()
    assert bench.champions == [None, bench.shelf / first]


def test_an_alias_that_cannot_be_read_is_told(bench: Bench) -> None:
    bench.train(b"one")
    bench.promote()
    (bench.shelf / "current.json").write_text("{}")
    with pytest.raises(UserError, match="cannot be read"):
        bench.promote()


@pytest.mark.parametrize("verdict", ["fail", "undecided"])
def test_a_hold_leaves_the_champion_and_still_writes_the_results(verdict: VerdictName, bench: Bench) -> None:
    champion = bench.train(b"one")
    bench.promote()
    challenger = bench.train(b"two")
    bench.verdict = verdict
    assert isinstance(bench.promote(), Hold)
    assert bench.current()["adapter_digest"] == champion
    assert not (bench.shelf / challenger).exists()
    assert json.loads((bench.run / "results.json").read_text()) == {"adapter": challenger}


def test_a_second_promotion_keeps_the_first_adapter_on_the_shelf(bench: Bench) -> None:
    first = bench.train(b"one")
    bench.promote()
    second = bench.train(b"two")
    bench.promote()
    assert bench.current()["adapter_digest"] == second
    assert weights_digest(bench.shelf / first) == first


def test_promoting_the_same_adapter_again_changes_nothing_but_the_results(bench: Bench) -> None:
    digest = bench.train(b"one")
    bench.promote()
    before = (bench.shelf / digest / "adapter_model.safetensors").stat().st_ino
    bench.promote()
    assert (bench.shelf / digest / "adapter_model.safetensors").stat().st_ino == before
    assert sorted(path.name for path in bench.shelf.iterdir()) == sorted([digest, "current.json"])


@pytest.mark.parametrize("spoilt", ["adapter_model.safetensors", "adapter_config.json"])
def test_a_spoilt_copy_on_the_shelf_is_replaced(spoilt: str, bench: Bench) -> None:
    digest = bench.train(b"one")
    bench.promote()
    (bench.shelf / digest / "adapter_model.safetensors").write_bytes(b"spoilt")
    (bench.shelf / digest / spoilt).unlink()
    bench.promote()
    assert weights_digest(bench.shelf / digest) == digest


@pytest.mark.parametrize("moment", ["during_gate", "during_copy"])
def test_an_adapter_that_changed_meanwhile_is_refused(moment: str, bench: Bench) -> None:
    bench.train(b"one")
    setattr(bench, moment, lambda: bench.train(b"two"))
    with pytest.raises(UserError, match="changed while"):
        bench.promote()
    assert not bench.shelf.exists()


def test_a_calibrator_goes_with_its_adapter_and_is_replaced_or_dropped_with_it(bench: Bench) -> None:
    place = bench.shelf / bench.train(b"one") / CALIBRATOR
    for content in ("first", "second", ""):
        if content:
            bench.calibrate(content)
        else:
            (bench.run / "adapter" / CALIBRATOR).unlink()
        assert isinstance(bench.promote(), Promote)
        assert (place.read_text() if place.is_file() else "") == content


@pytest.mark.parametrize("moment", ["during_gate", "during_copy"])
@pytest.mark.parametrize("before", ["first", ""])
def test_a_calibrator_that_changed_meanwhile_is_refused(before: str, moment: str, bench: Bench) -> None:
    bench.train(b"one")
    if before:
        bench.calibrate(before)
    setattr(bench, moment, lambda: bench.calibrate("second"))
    with pytest.raises(UserError, match="its calibrator changed"):
        bench.promote()
    assert not (bench.shelf / "current.json").exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b", "x" * 65], ids=repr)
def test_a_name_that_cannot_be_a_folder_is_refused_before_the_gate_runs(name: str, bench: Bench) -> None:
    bench.train(b"one")
    with pytest.raises(UserError, match="--name"):
        bench.promote(name)
    assert bench.asked == []


def test_a_champion_that_cannot_be_asked_any_more_says_how_to_go_on_without_it(bench: Bench) -> None:
    gone = bench.shelf / "an-adapter"
    with pytest.raises(UserError, match=r"the champion: .*an-adapter") as caught:
        identify_champion(gone, Settings())
    assert str(bench.shelf / "current.json") in caught.value.hint
