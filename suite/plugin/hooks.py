"""pytest's hooks of a session that gates; registered by `suite.plugin.start`.

The gate runs once, before the first contract is shown. What a person can repair ends the session with pytest's exit
code for usage errors, and no contract is shown at all then: a fault of the set-up is no verdict.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from fixtures.cores import AUTO
from fixtures.errors import UserError
from fixtures.files import told_disks
from fixtures.printing import printable
from suite.engine.precision import told
from suite.exam.trained import warning
from suite.lanes.budget import too_small
from suite.lanes.loading import asked_of
from suite.plugin import replaying
from suite.plugin.items import ContractItem, chosen, file_of, run_gate
from suite.plugin.replaying import ReplayItem, run_replay
from suite.plugin.stash import CONTRACTS, FOUND, NOT_SPREAD, OWN, REPLAYED, RESULTS, SCENE, SETTINGS, TARGET
from suite.results.ci.github import told_to_github
from suite.results.ci.properties import VERDICT, properties
from suite.results.ending import ending, verdict_line
from suite.results.own import contrary_text
from suite.settings import Settings

WIDEST = 120  # columns; longer lines are hard to read
UNDECIDED = "undecided"


def pytest_report_header(config: pytest.Config) -> list[str]:
    settings, target = config.stash[SETTINGS], config.stash[TARGET]
    identity = target.identity
    adapter = "the bare base" if target.adapter is None else f"{identity.adapter} ({identity.adapter_digest[:12]})"
    base, form = f"{identity.base} ({target.base_from})", f"{identity.format} ({target.format_from})"
    lines = [f"callproof: gates {adapter}, base {base}, format {form}"]
    if target.adapter and target.adapter != Path(identity.adapter):
        lines.append(f"callproof: the adapter is in {target.adapter}")
    for spoken in config.stash[SCENE].catalogs:
        if spoken.read_as:
            lines.append(f"callproof: {spoken.source}: {'; '.join(spoken.read_as)}")
        if spoken.unaskable:
            lines.append(f"callproof: {spoken.source}: never asked for: {', '.join(f.tool for f in spoken.unaskable)}")
    if settings.contracts:
        lines.append(f"callproof: with contracts of {settings.contracts}")
    lines += [f"callproof: {line}" for line in (*_own(config), *_examples(config))]
    if NOT_SPREAD in config.stash:
        lines.append("callproof: one process runs the gate, without workers of pytest-xdist; see --processes N")
    return [printable(line) for line in lines]


def _own(config: pytest.Config) -> list[str]:
    """What is asked of the user's own, and what to think of it."""
    settings, own = config.stash[SETTINGS], config.stash[OWN]
    if not own.rows:
        return []
    must = f", {len(own.must)} of which must hold" if own.must else ""
    same = f"; {own.same} left out, because another is the same" if own.same else ""
    rows = "row" if len(own.rows) == 1 else f"{len(own.rows)} rows"
    told = [f"asks the {rows} of {', '.join(settings.cases)} too{must}{same}"]
    told += [f"left out, because it cannot be asked: {one}" for one in own.left_out]
    trained = warning(own.asked, config.stash[TARGET].adapter)
    told += [f"warning: {contrary_text(places)}" for places in own.contrary]
    return told + ([f"warning: {trained}"] if trained else [])


def _examples(config: pytest.Config) -> list[str]:
    """In whose words tools are asked for, and what to think of it."""
    read = config.stash[SCENE].examples
    if not read.rows:
        return []
    spoken = [one for catalog in config.stash[SCENE].catalogs for one in catalog.spoken]
    others = [one.tool.name for one in spoken if one.language != "examples"]
    sentences = read.sentences
    told = [
        f"asks in the words of {', '.join(read.files)}: {len(sentences)} sentences, {len(spoken) - len(others)} tools"
    ]
    told += [f"without examples: {', '.join(others)}"] if others else []
    trained = warning(read.requests, config.stash[TARGET].adapter)
    return told + ([f"warning: of the examples, {trained}"] if trained else [])


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return file_of(file_path, parent, parent.config.stash[SETTINGS].own_contracts)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Say at once what could only disappoint later."""
    problem = too_small(chosen(session), session.config.stash[SETTINGS].budget)
    reporter = session.config.pluginmanager.getplugin("terminalreporter")
    if problem and reporter:
        reporter.write_line(f"callproof: {problem}", yellow=True, bold=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> None:
    options = session.config.option
    stopped = session.testsfailed and not options.continue_on_collection_errors  # pytest says so itself
    if options.collectonly or stopped or not session.items:
        return
    try:
        with told_disks():
            if FOUND in session.config.stash:
                run_replay(session.config)
            elif chosen(session):
                run_gate(session)
    except UserError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_internalerror() -> None:
    """Say whose fault it is; pytest has written where it happened, and exits with 3."""
    sys.stderr.write("callproof: this is a fault inside callproof, not of the adapter; no verdict was reached\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if isinstance(item, ContractItem) and report.when == "call":
        told = properties(item.result, item.config.stash[RESULTS])
        report.user_properties += told
        item.user_properties += told  # pytest writes JUnit's from the report on the teardown, which has the item's
    if isinstance(item, ReplayItem) and report.when == "call":
        report.user_properties += replaying.properties(item.replayed)
        item.user_properties += replaying.properties(item.replayed)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """An undecided contract closes the gate like a failed one, and is called undecided all the same."""
    if _verdict_of(report) == UNDECIDED:
        return UNDECIDED, "U", ("UNDECIDED", {"yellow": True})
    return None


def _verdict_of(report: object) -> object:
    """The verdict that this report is about; None for reports of anything else, a contract's teardown too."""
    told = dict(getattr(report, "user_properties", ()))  # what is told of a collection has none
    return told.get(VERDICT) if getattr(report, "when", "") == "call" else None


def _is_replay(report: object) -> bool:
    return replaying.REPLAY in dict(getattr(report, "user_properties", ()))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any) -> Generator[None]:
    """Hold the failed contracts back from pytest's own list of failures: they are told below, in the gate's order."""
    failed = terminalreporter.stats.get("failed", [])
    held_back = [report for report in failed if _verdict_of(report) or _is_replay(report)]
    failed[:] = [report for report in failed if report not in held_back]
    try:
        return (yield)
    finally:
        failed.extend(held_back)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """The gate's own words come last, behind pytest's closing line, and the verdict last of all."""
    result = yield
    config = session.config
    reporter = config.pluginmanager.getplugin("terminalreporter")
    if RESULTS in config.stash and reporter:
        _tell(config, reporter)
    if REPLAYED in config.stash and reporter:
        replaying.tell(config, reporter)
    return result


def _tell(config: pytest.Config, reporter: Any) -> None:
    results = config.stash[RESULTS]
    writer = reporter._tw  # the only way to its width and colour; pytest's plugins all take it
    verbose, quiet = config.getoption("verbose") > 0, config.getoption("verbose") < 0
    said = [line for line in (_only_some(config), *_next(results.passed, config)) if line]
    width = min(WIDEST, writer.fullwidth) if writer.hasmarkup else WIDEST
    if quiet:
        lines = [verdict_line(results, colour=writer.hasmarkup)]
    else:
        lines = ending(results, width, colour=writer.hasmarkup, verbose=verbose, said=said)
        reporter.section("callproof")
    for line in (*lines, *told_to_github(results)):
        reporter.write_line(line)


def _only_some(config: pytest.Config) -> str:
    """That not all contracts were asked, if so."""
    settings, results = config.stash[SETTINGS], config.stash[RESULTS]
    known = config.stash[CONTRACTS]
    there = len(asked_of(known, champion=settings.champion is not None, own=config.stash[OWN]))
    asked = len(results.contracts)
    return f"only {asked} of {there} contracts were asked" if asked < there else ""


def _next(passed: bool, config: pytest.Config) -> list[str]:
    """Where the results are, and what a person may type now."""
    settings: Settings = config.stash[SETTINGS]
    lines = []
    who = config.stash[RESULTS].identity
    if settings.dtype == AUTO and (line := told(Path(settings.cache), who.base_digest, who.dtype)):
        lines.append(line)
    if settings.results:
        lines.append(f"results: {settings.results}; page: python -m reports show {settings.results}")
    if config.stash[TARGET].adapter is None:
        return lines
    run = settings.adapter
    if passed:
        lines.append(f"next: python -m train promote {run} --name NAME")
    else:
        lines.append(f"next: python -m train repair {run} --out FOLDER")
    return [printable(line) for line in lines]
