"""The door's options are the gate's settings, and their help is true."""

from dataclasses import fields

import callproof
from suite.settings import DEFAULT_BUDGET, MADE_UP, Settings


def test_every_option_is_a_setting_and_every_setting_an_option():
    assert set(callproof._OPTIONS) == {field.name for field in fields(Settings)}


def test_the_defaults_that_help_names_are_those_of_the_settings():
    assert f"(default: {DEFAULT_BUDGET})" in callproof._OPTIONS["budget"]["help"]
    assert f"(default: {MADE_UP})" in callproof._OPTIONS["made_up"]["help"]
    assert f"(default: {Settings().cache})" in callproof._OPTIONS["cache"]["help"]
