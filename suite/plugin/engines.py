"""The engine that a session asks instead of the real one, for tests and for served systems."""

from __future__ import annotations

import importlib
import os

from suite.engine import Engine, Target

ENGINE_VARIABLE = "CALLPROOF_ENGINE"
"""`package.module:factory` of an engine that replaces the real model; the factory gets the identified target."""


def engine_from_environment(target: Target) -> Engine | None:
    """The engine that the environment names, or None for the real one."""
    name = os.environ.get(ENGINE_VARIABLE)
    if not name:
        return None
    module, _, factory = name.partition(":")
    engine: Engine = getattr(importlib.import_module(module), factory)(target)
    return engine
