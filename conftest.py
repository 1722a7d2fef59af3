"""Registers the plugin in a checkout; where the package is installed, its entry point has done so already."""

import pytest

import suite.plugin


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    if not pluginmanager.is_registered(suite.plugin):
        pluginmanager.register(suite.plugin, "callproof")
