"""What pytest collects for `--adapter`: a file for each contract, an item for its verdict; and one gate for all."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from fixtures.progress import Replies
from suite.contracts import CONTRACTS as SHIPPED
from suite.gating import Read, gate
from suite.judging.contract import Contract
from suite.lanes.budget import most_replies
from suite.lanes.loading import asked_of, contract_files, contracts_in, load_contracts
from suite.outcome import ContractResult, Results
from suite.plugin.engines import engine_from_environment
from suite.plugin.replaying import ReplayItem, items_of
from suite.plugin.stash import CHAMPION, CONTRACTS, FOUND, OWN, RESULTS, SCENE, SETTINGS, TARGET
from suite.results import file as results_file
from suite.results.summary import bar_text, contract_lines
from suite.results.unwritten import Unwritten
from suite.settings import Settings

CONTRACTS_FOLDER = Path(importlib.import_module("suite.contracts").__file__ or "").resolve().parent


def file_of(path: Path, parent: pytest.Collector, own: Path | None) -> ContractFile | None:
    """The collector for a file that holds contracts: a shipped one, or one of the user's own folder."""
    folders = [CONTRACTS_FOLDER, *([own.resolve()] if own else [])]
    found = path.parent in folders and path in contract_files(path.parent)
    return ContractFile.from_parent(parent, path=path) if found else None


class ContractFile(pytest.File):
    """One file of suite/contracts, or of the folder of the user's own."""

    def collect(self) -> Iterator[ContractItem | ReplayItem]:
        settings = self.config.stash[SETTINGS]
        shipped = self.path.parent == CONTRACTS_FOLDER
        own = settings.own_contracts or self.path.parent
        there = {self.path.stem} if shipped else {contract.name for contract in contracts_in(self.path, own)}
        if FOUND in self.config.stash:
            yield from items_of(there, self)
            return
        found = [contract for contract in self.config.stash[CONTRACTS] if contract.name in there]
        for contract in asked_of(found, champion=settings.champion is not None, own=self.config.stash[OWN]):
            yield ContractItem.from_parent(self, name=contract.name, contract=contract)


class ContractItem(pytest.Item):
    """One contract; its verdict is there before it is run (`run_gate`)."""

    def __init__(self, *, contract: Contract, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.contract = contract

    def __repr__(self) -> str:
        """As `--collect-only` shows it: with its bar."""
        return f"<{type(self).__name__} {self.name}: {bar_text(self.contract.bar)}>"

    @property
    def result(self) -> ContractResult:
        results = self.config.stash[RESULTS]
        return next(c for c in results.contracts if c.name == self.contract.name)

    def runtest(self) -> None:
        result = self.result
        if result.verdict.name == "undecided" and not result.bar.gating:
            pytest.skip(result.verdict.reason)
        if result.verdict.name in ("fail", "undecided"):
            raise NotKept(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        if isinstance(excinfo.value, NotKept):
            return "\n".join(contract_lines(excinfo.value.result))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"contract {self.name}"


class NotKept(Exception):
    """A contract that failed or stayed undecided."""

    def __init__(self, result: ContractResult) -> None:
        super().__init__(f"{result.name}: {result.verdict.name}")
        self.result = result


def chosen(session: pytest.Session) -> list[Contract]:
    """The contracts that this session asks."""
    return [item.contract for item in session.items if isinstance(item, ContractItem)]


def run_gate(session: pytest.Session) -> None:
    """Gate once for all selected contracts, and keep the results; UserError for all that a person can repair."""
    config, contracts = session.config, chosen(session)
    settings, target = config.stash[SETTINGS], config.stash[TARGET]
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():  # elsewhere, sys.stderr is what pytest puts in its place
        progress = Replies(sys.stderr, quietly=capture.global_and_fixture_disabled)
    identity, count = target.identity, f"{len(contracts)} contract{'s' * (len(contracts) != 1)}"
    told = f"gating {identity.adapter} on {identity.base} by {count}, fewer where the case is clear"
    progress.begin(told, most_replies(contracts, settings.budget))
    try:
        results = gate(
            settings.adapter,
            engine=engine_from_environment(target),
            champion=config.stash[CHAMPION],
            contracts=_as_written(contracts, settings),
            progress=progress.show,
            read=Read(config.stash[SCENE], config.stash[OWN]),
            **{**settings.of_the_gate, "bars": _bars_of(settings.bars, contracts)},
        )
    except Unwritten as error:
        _keep(config, error.results)
        raise
    finally:
        progress.close()
    _keep(config, results)


def _as_written(contracts: Sequence[Contract], settings: Settings) -> list[Contract]:
    """The contracts with the bars of their files: the gate puts the owner's in their place, and says so."""
    written = {contract.name: contract for contract in load_contracts(settings.own_contracts)}
    return [written[contract.name] for contract in contracts]


def _bars_of(bars: Mapping[str, Any], contracts: Sequence[Contract]) -> dict[str, Any]:
    """The bars of these contracts and of shipped ones; others of the user's own are not asked this time."""
    known = {contract.name for contract in (*SHIPPED, *contracts)}
    return {name: bar for name, bar in bars.items() if name in known}


def _keep(config: pytest.Config, results: Results) -> None:
    """What the session tells, and the file if one was asked for; a disk that fails does not take the verdict along."""
    config.stash[RESULTS] = results
    if config.stash[SETTINGS].results:
        results_file.write(results, Path(str(config.stash[SETTINGS].results)))
