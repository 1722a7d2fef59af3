"""Registers the plugin in a checkout; where the package is installed, its entry point has done so already."""

import pytest

import callproof


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    if not pluginmanager.is_registered(callproof):
        pluginmanager.register(callproof, "callproof")
