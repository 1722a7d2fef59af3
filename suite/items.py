"""What pytest collects and runs for `--adapter`: a file for each contract, an item for its verdict, one gate for all.

Imported only once there is an adapter to gate; see suite/plugin.py.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from suite.contracts import CONTRACTS
from suite.engine import Engine, Target, identify
from suite.exam.scene import Scene
from suite.gating import gate
from suite.judging.contract import Contract
from suite.lanes.loading import contract_files, contracts_in, load_contracts
from suite.outcome import ContractResult, NoWorse, Results
from suite.results import file as results_file
from suite.results.summary import contract_lines, counterexample_lines
from suite.settings import Settings
from suite.stash import RESULTS, SETTINGS

ENGINE_VARIABLE = "CALLPROOF_ENGINE"
"""`package.module:factory` of an engine that replaces the real model; the factory gets the identified target."""
CONTRACTS_FOLDER = Path(__file__).parent / "contracts"


def check_named(settings: Settings) -> None:
    """Raise UserError unless all that the settings name is there and in order."""
    form = target_of(settings).format
    champion_of(settings)
    Scene.on(settings.catalog, form=form, leave_out_unaskable=settings.leave_out_unaskable)
    load_contracts(settings.own_contracts)


def file_of(path: Path, parent: pytest.Collector, own: Path | None) -> ContractFile | None:
    """The collector for a file that holds contracts: a shipped one, or one of the user's own folder."""
    folders = [CONTRACTS_FOLDER, *([own.resolve()] if own else [])]
    found = path.parent in folders and path in contract_files(path.parent)
    return ContractFile.from_parent(parent, path=path) if found else None


class ContractFile(pytest.File):
    """One file of suite/contracts, or of the folder of the user's own."""

    def collect(self) -> Iterator[ContractItem]:
        shipped = self.path.parent == CONTRACTS_FOLDER
        found = [c for c in CONTRACTS if c.name == self.path.stem] if shipped else contracts_in(self.path)
        settings = self.config.stash[SETTINGS]
        for contract in found:
            if isinstance(contract.bar, NoWorse) and not settings.champion:
                continue
            yield ContractItem.from_parent(self, name=contract.name, contract=contract)


class ContractItem(pytest.Item):
    """One contract; the first item that runs starts the gate for all that were selected."""

    def __init__(self, *, contract: Contract, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.contract = contract

    def runtest(self) -> None:
        results = gate_once(self.session)
        result = next(c for c in results.contracts if c.name == self.contract.name)
        if result.verdict.name == "undecided" and not result.bar.gating:
            pytest.skip(result.verdict.reason)
        if result.verdict.name in ("fail", "undecided"):
            raise NotKept(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        match excinfo.value:
            case NotKept(result=result):
                lines = [*contract_lines(result), ""]
                for example in result.counterexamples:
                    lines += [*counterexample_lines(example), ""]
                return "\n".join(lines)
            case UserError() as error:
                return str(error)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"contract {self.name}"


class NotKept(Exception):
    """A contract that failed or stayed undecided."""

    def __init__(self, result: ContractResult) -> None:
        super().__init__(f"{result.name}: {result.verdict.name}")
        self.result = result


def gate_once(session: pytest.Session) -> Results:
    """The results of this session's gate; computed for all selected contracts when first asked for."""
    stash, settings = session.config.stash, session.config.stash[SETTINGS]
    if RESULTS not in stash:
        with Progress(session.config) as progress:
            stash[RESULTS] = gate(
                settings.adapter,
                base=settings.base,
                format=settings.format,
                catalogs=settings.catalog,
                made_up=settings.made_up,
                seed=settings.seed,
                budget=settings.budget,
                engine=engine_from_environment(settings),
                champion=champion_of(settings),
                contracts=[item.contract for item in session.items if isinstance(item, ContractItem)],
                cache=session.config.rootpath / settings.cache,
                progress=progress.show,
                to_the_end=settings.to_the_end,
                leave_out_unaskable=settings.leave_out_unaskable,
                processes=settings.processes,
            )
        if settings.results:
            results_file.write(stash[RESULTS], Path(settings.results))
    return stash[RESULTS]


def engine_from_environment(settings: Settings) -> Engine | None:
    """The engine that the environment names, or None for the real one."""
    name = os.environ.get(ENGINE_VARIABLE)
    if not name:
        return None
    module, _, factory = name.partition(":")
    engine: Engine = getattr(importlib.import_module(module), factory)(target_of(settings))
    return engine


def target_of(settings: Settings) -> Target:
    """What these settings gate; UserError for every kind of bad adapter."""
    adapter = None if settings.adapter == "none" else Path(str(settings.adapter))
    return identify(adapter, settings.base, settings.format, download=settings.download)


def champion_of(settings: Settings) -> Target | None:
    """What it is compared with, if anything; UserError for every kind of bad adapter."""
    if not settings.champion:
        return None
    return identify(Path(settings.champion), settings.base, settings.format, download=settings.download)


class Progress:
    """A progress bar with rate and time left on a terminal; silent when the output is captured to a file."""

    def __init__(self, config: pytest.Config) -> None:
        self._capture = config.pluginmanager.getplugin("capturemanager")
        self._bar: Any = None
        self._what = ""

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def show(self, what: str, done: int, total: int) -> None:
        from tqdm import tqdm

        with self._capture.global_and_fixture_disabled():
            if self._bar is None or self._what != what or done == 1:
                self._close()
                self._what = what
                self._bar = tqdm(
                    total=total, desc=what, unit="reply", file=sys.stderr, leave=False, disable=not sys.stderr.isatty()
                )
            self._bar.update(done - self._bar.n)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def summary(results: Results, settings: Settings) -> Iterator[str]:
    """What is said of a gate at the end of the session."""
    for contract in results.contracts:
        yield from contract_lines(contract)
    calls = ", ".join(f"{count} {kind}" for kind, count in results.calls.items())
    verdict = "passed" if results.passed else "NOT passed"
    known = load_contracts(settings.own_contracts)
    there = sum(settings.champion is not None or not isinstance(contract.bar, NoWorse) for contract in known)
    if len(results.contracts) < there:
        yield f"only {len(results.contracts)} of {there} contracts were asked"
    yield f"gate {verdict} in {results.seconds:.1f} s ({calls})"
    if settings.results:
        yield f"results: {settings.results}; page: python -m reports show {settings.results}"
