"""The pytest plugin: `pytest --adapter PATH` collects the contracts, runs the gate once, and shows each verdict."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.catalogs import load_catalog
from fixtures.errors import UserError
from suite import results as results_file
from suite.contract import Contract
from suite.contracts import CONTRACTS
from suite.engine import Engine, Target, identify
from suite.gating import DEFAULT_BUDGET, gate
from suite.loading import contract_files, contracts_in, load_contracts
from suite.outcome import ContractResult, NoWorse, Results
from suite.settings import Settings, read_settings
from suite.summary import contract_lines, counterexample_lines

CONTRACTS_FOLDER = Path(__file__).parent / "contracts"
ENGINE_VARIABLE = "CALLPROOF_ENGINE"
"""`package.module:factory` of an engine that replaces the real model; the factory gets the identified target."""

_OPTIONS = (
    "adapter", "base", "format", "catalog", "seed", "budget", "contracts", "champion", "to_the_end", "processes",
    "results",
)  # fmt: skip
_settings = pytest.StashKey[Settings]()
_results = pytest.StashKey[Results]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("callproof", "callproof: a release gate for function-calling adapters")
    group.addoption(
        "--adapter",
        metavar="PATH",
        help="gate this LoRA adapter (a PEFT folder or a run folder of callproof); 'none' gates the bare base",
    )
    group.addoption(
        "--base",
        metavar="NAME",
        help="base model: 'tiny', a folder or a cached hub id (default: what the adapter says)",
    )
    group.addoption(
        "--format", metavar="NAME", help="wire format: functiongemma or intent_json (default: what the adapter says)"
    )
    group.addoption(
        "--catalog",
        metavar="NAME",
        action="append",
        default=None,
        help="a tools JSON file or a shipped catalog's name; may be repeated (default: three hotel catalogs)",
    )
    group.addoption("--seed", metavar="N", type=int, help="seed of all draws (default: 0)")
    group.addoption(
        "--budget", metavar="N", type=int, help=f"model calls that each contract may spend (default: {DEFAULT_BUDGET})"
    )
    group.addoption("--contracts", metavar="DIR", help="ask the contracts in this folder's Python files too")
    group.addoption("--champion", metavar="PATH", help="compare with this adapter on the same cases")
    group.addoption(
        "--to-the-end",
        action="store_const",
        const=True,
        help="measure the whole budget even if a contract is decided, to compare adapters by their figures",
    )
    group.addoption(
        "--processes",
        metavar="N",
        type=int,
        help="processes that answer together (default: one a core for a small base on a processor, at most 4; else 1)",
    )
    group.addoption("--results", metavar="FILE", help="write the results there as JSON, for reports and promotion")


def pytest_configure(config: pytest.Config) -> None:
    command_line = {name: config.getoption(name) for name in _OPTIONS}
    try:
        settings = read_settings(config.rootpath / "pyproject.toml", command_line)
        if settings.adapter is not None:
            # Checked here rather than when the gate starts, so that bad input is told before anything else happens.
            target_of(settings)
            champion_of(settings)
            for name in settings.catalog:
                load_catalog(name)
            load_contracts(own_contracts(settings))
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[_settings] = settings
    named_no_paths = config.args_source is not pytest.Config.ArgsSource.ARGS
    if settings.adapter is not None and named_no_paths:
        own = own_contracts(settings)
        config.args = [str(CONTRACTS_FOLDER), *([str(own)] if own else [])]


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    settings = parent.config.stash[_settings]
    if settings.adapter is None:
        return None
    own = own_contracts(settings)
    folders = [CONTRACTS_FOLDER, *([own.resolve()] if own else [])]
    if file_path.parent in folders and file_path in contract_files(file_path.parent):
        return ContractFile.from_parent(parent, path=file_path)
    return None


def own_contracts(settings: Settings) -> Path | None:
    """The folder of the user's own contracts, if there is one."""
    return Path(settings.contracts) if settings.contracts else None


class ContractFile(pytest.File):
    """One file of suite/contracts, or of the folder of the user's own."""

    def collect(self) -> Iterator[ContractItem]:
        shipped = self.path.parent == CONTRACTS_FOLDER
        found = [c for c in CONTRACTS if c.name == self.path.stem] if shipped else contracts_in(self.path)
        settings = self.config.stash[_settings]
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
    stash, settings = session.config.stash, session.config.stash[_settings]
    if _results not in stash:
        with Progress(session.config) as progress:
            stash[_results] = gate(
                settings.adapter,
                base=settings.base,
                format=settings.format,
                catalogs=settings.catalog,
                seed=settings.seed,
                budget=settings.budget,
                engine=engine_from_environment(settings),
                champion=champion_of(settings),
                contracts=[item.contract for item in session.items if isinstance(item, ContractItem)],
                cache=session.config.rootpath / settings.cache,
                progress=progress.show,
                to_the_end=settings.to_the_end,
                processes=settings.processes,
            )
        if settings.results:
            results_file.write(stash[_results], Path(settings.results))
    return stash[_results]


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
    return identify(adapter, settings.base, settings.format)


def champion_of(settings: Settings) -> Target | None:
    """What it is compared with, if anything; UserError for every kind of bad adapter."""
    return identify(Path(settings.champion), settings.base, settings.format) if settings.champion else None


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


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if _results not in config.stash:
        return
    results = config.stash[_results]
    terminalreporter.section("callproof")
    for contract in results.contracts:
        for line in contract_lines(contract):
            terminalreporter.write_line(line)
    calls = ", ".join(f"{count} {kind}" for kind, count in results.calls.items())
    verdict = "passed" if results.passed else "NOT passed"
    settings = config.stash[_settings]
    known = load_contracts(own_contracts(settings))
    there = sum(settings.champion is not None or not isinstance(contract.bar, NoWorse) for contract in known)
    if len(results.contracts) < there:
        terminalreporter.write_line(f"only {len(results.contracts)} of {there} contracts were asked")
    terminalreporter.write_line(f"gate {verdict} in {results.seconds:.1f} s ({calls})")
    if settings.results:
        terminalreporter.write_line(f"results: {settings.results}; page: python -m reports show {settings.results}")
