"""A run folder, a registry and a scripted gate: promotion without a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fixtures.bases import digest_files
from fixtures.errors import UserError
from suite.calibration import CALIBRATOR
from suite.engine.target.folders import adapter_folder
from suite.outcome import (
    CalibratorUsed,
    ContractResult,
    Identity,
    Interval,
    Never,
    ReportOnly,
    Results,
    Tally,
    Verdict,
    VerdictName,
)
from suite.results import file as results_file
from train.promotion import keys
from train.promotion.applying import Beside, Tools
from train.promotion.keys import Trust
from train.promotion.promote import Order, Promoted, promote
from train.promotion.shelf import Shelf

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RISKS = {"alpha": 0.05, "beta": 0.05}


def contract(verdict: VerdictName, *, gating: bool = True, bar: Any = None) -> ContractResult:
    bar = bar or (Never() if gating else ReportOnly())
    rate = Interval(1.0, 0.7, 1.0)
    return ContractResult(f"c_{verdict}", "It holds.", bar, Verdict(verdict, "because"), Tally(10, 10), rate)


def results(contracts: Sequence[ContractResult], digest: str = "a" * 16) -> Results:
    identity = Identity("tiny", "b" * 16, "run", digest, "functiongemma", "f" * 16)
    catalogs = {"lamps": "c" * 16}
    return Results(identity, catalogs, 0, 400, 160, "2026-01-01T00:00:00+00:00", 1.0, {}, {}, RISKS, tuple(contracts))


def weights_digest(path: Path) -> str:
    if not (adapter_folder(path) / "adapter_model.safetensors").is_file():
        raise UserError(str(path), "there are no weights")
    return hashlib.sha256((adapter_folder(path) / "adapter_model.safetensors").read_bytes()).hexdigest()[:16]


@dataclass
class Bench:
    """What a promotion needs, with a fixed verdict; keys are those of the folder `keys`."""

    folder: Path
    verdict: VerdictName = "pass"
    bar: Any = None
    during_gate: Callable[[], object] = lambda: None
    during_copy: Callable[[], object] = lambda: None
    asked: list[Path] = field(default_factory=list)
    champions: list[Path | None] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    run_name: str = "run"

    @property
    def run(self) -> Path:
        return self.folder / self.run_name

    @property
    def home(self) -> Path:
        return self.folder / "keys"

    @property
    def shelf(self) -> Path:
        return self.folder / "registry" / "intent"

    @property
    def the_shelf(self) -> Shelf:
        return Shelf(self.folder / "registry", "intent")

    @property
    def trust(self) -> Trust:
        return keys.trust(self.home)

    @property
    def serving(self) -> Path:
        return self.shelf / str(self.current()["adapter"])

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
        gated = results([contract(self.verdict, bar=self.bar)], weights_digest(run))
        file = adapter_folder(run) / CALIBRATOR
        if file.is_file():
            gated = replace(gated, calibrator=CalibratorUsed("isotonic", "likelihood", digest_files([file])))
        self.during_gate()
        return gated

    def write(self, gated: Results, path: Path) -> None:
        results_file.write(gated, path)
        self.during_copy()

    def promote(self, name: str = "intent", *, now: datetime = NOW, **order: Any) -> Promoted:
        beside = Beside({"tokenizer.json": b"{}", "chat_template.jinja": b"{{ messages }}"})
        tools = Tools(self.gate, weights_digest, self.write, lambda run: beside)
        signer = keys.read_signer(self.home) or keys.make_signer(self.home)
        shelf = Shelf(self.folder / "registry", name)
        given = {"signer": signer, "trust": self.trust, "tell": self.told.append, **order}
        return promote(Order(self.run, shelf, self.run / "results.json", **given), tools, now=now)

    def current(self) -> dict[str, Any]:
        alias: dict[str, Any] = json.loads((self.shelf / "current.json").read_text(encoding="utf-8"))
        return alias
