"""Where a gate begins inside pytest: settings are read, what they name is looked at, and the hooks are registered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from suite.engine import Target, identify
from suite.exam.own import OwnCases
from suite.gating import Drawn
from suite.lanes.loading import load_contracts
from suite.plugin import hooks
from suite.plugin.items import CONTRACTS_FOLDER
from suite.plugin.replaying import found_by
from suite.plugin.stash import CHAMPION, CONTRACTS, FOUND, NOT_SPREAD, OWN, SCENE, SETTINGS, TARGET
from suite.policy import with_bars
from suite.settings import Settings, read_settings

_WHOLE = ("suite.contracts", str(CONTRACTS_FOLDER))
"""What names all shipped contracts on a command line; `--pyargs` makes the first of the second."""


def start(config: pytest.Config, command_line: Mapping[str, Any]) -> None:
    """Make this session a gate; a usage error for all that a person can repair, before anything else happens."""
    try:
        settings = read_settings(command_line, config.invocation_params.dir)
        target = target_of(settings)
        champion = champion_of(settings)
        read = Drawn.of(settings).read(target.format)
        if settings.replay is not None:
            read, config.stash[FOUND] = replace(read, own=OwnCases()), found_by(settings)
        known = load_contracts(settings.own_contracts)
        config.stash[CONTRACTS] = with_bars(known, settings.bars, budget=settings.budget)
    except UserError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[SETTINGS], config.stash[TARGET], config.stash[CHAMPION] = settings, target, champion
    config.stash[SCENE], config.stash[OWN] = read.scene, read.own
    if config.getoption("dist", "no") != "no":
        # Each worker of pytest-xdist would run the whole gate, and none could tell its summary.
        config.option.dist = "no"
        config.stash[NOT_SPREAD] = True
    config.args = _collected_from(config, settings)
    config.pluginmanager.register(hooks, "callproof-gate")


def target_of(settings: Settings) -> Target:
    """What these settings gate; UserError for every kind of bad adapter."""
    adapter = None if settings.adapter == "none" else Path(str(settings.adapter))
    return identify(adapter, settings.base, settings.format, download=settings.download, given=settings.given)


def champion_of(settings: Settings) -> Target | None:
    """What it is compared with, if anything; UserError for every kind of bad adapter."""
    if not settings.champion:
        return None
    champion = Path(settings.champion)
    return identify(champion, settings.base, settings.format, download=settings.download, given=settings.given)


def _collected_from(config: pytest.Config, settings: Settings) -> list[str]:
    """The shipped contracts and the user's own; where some are named on the command line, those, and the user's own
    beside all of the shipped ones."""
    own = [str(settings.own_contracts)] if settings.own_contracts else []
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return [str(CONTRACTS_FOLDER), *own]
    named = list(config.args)
    whole = any(name in _WHOLE or Path(name).resolve() == CONTRACTS_FOLDER for name in named)
    return [*named, *(folder for folder in own if whole and folder not in named)]
