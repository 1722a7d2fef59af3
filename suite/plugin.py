"""The pytest plugin: `pytest --adapter PATH` collects the contracts, runs the gate once, and shows each verdict.

Where callproof is installed, every pytest loads this module, whatever it tests. So it imports nothing that takes time
(tests/house/test_heavy_imports.py); suite/items.py does the work.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from suite.settings import DEFAULT_BUDGET, MADE_UP, read_settings
from suite.stash import NOT_SPREAD, RESULTS, SETTINGS

_OPTIONS = (
    "adapter", "base", "download", "format", "catalog", "made_up", "seed", "budget", "contracts", "champion",
    "to_the_end", "leave_out_unaskable", "processes", "results", "cache",
)  # fmt: skip


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
        "--download",
        action="store_const",
        const=True,
        help="fetch a base that is not here from the hub; else nothing is",
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
    group.addoption(
        "--made-up",
        metavar="PERCENT",
        type=int,
        help=f"of the cases, on catalogs nobody wrote (default: {MADE_UP}); 0: only those given",
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
        "--leave-out-unaskable",
        action="store_const",
        const=True,
        help="never ask for tools for which no request can be made up, instead of refusing their catalog",
    )
    group.addoption(
        "--processes",
        metavar="N",
        type=int,
        help="processes that answer together (default: one a core for a small base on a processor, at most 4; else 1)",
    )
    group.addoption("--cache", metavar="DIR", help="keep replies and counterexamples there (default: .callproof)")
    group.addoption("--results", metavar="FILE", help="write the results there as JSON, for reports and promotion")


def pytest_configure(config: pytest.Config) -> None:
    command_line = {name: config.getoption(name) for name in _OPTIONS}
    if command_line["cache"]:  # on a command line it is meant from where one stands, in pyproject.toml from the file
        command_line["cache"] = str(config.invocation_params.dir / command_line["cache"])
    try:
        settings = read_settings(config.rootpath / "pyproject.toml", command_line)
        if settings.adapter is not None:
            # Checked here rather than when the gate starts, so that bad input is told before anything else happens.
            from suite.items import CONTRACTS_FOLDER, check_named

            check_named(settings)
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SETTINGS] = settings
    if settings.adapter is not None and config.getoption("dist", "no") != "no":
        # Each worker of pytest-xdist would run the whole gate, and none could tell its summary.
        config.option.dist = "no"
        config.stash[NOT_SPREAD] = True
    named_no_paths = config.args_source is not pytest.Config.ArgsSource.ARGS
    if settings.adapter is not None and named_no_paths:
        own = settings.own_contracts
        config.args = [str(CONTRACTS_FOLDER), *([str(own)] if own else [])]


def pytest_report_header(config: pytest.Config) -> str | None:
    if NOT_SPREAD not in config.stash:
        return None
    return "callproof: one process runs the gate, without workers of pytest-xdist; --processes N shares the questions"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    settings = parent.config.stash[SETTINGS]
    if settings.adapter is None:
        return None
    from suite.items import file_of

    return file_of(file_path, parent, settings.own_contracts)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if RESULTS not in config.stash:
        return
    from suite.items import summary

    terminalreporter.section("callproof")
    for line in summary(config.stash[RESULTS], config.stash[SETTINGS]):
        terminalreporter.write_line(line)
