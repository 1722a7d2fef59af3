"""What the processes of tests/suite/engine/local/test_pool.py load instead of a model."""

from __future__ import annotations

import os
import warnings

from fixtures.errors import UserError
from suite.engine import Engine, ScriptedEngine, Target


def shouting(target: Target) -> Engine:
    """Answers with the prompt in capitals and the number of the process; one that says `die` ends it."""
    warnings.warn("it shouts", stacklevel=1)

    def answer(prompt: str) -> str:
        if prompt == "die":
            os._exit(3)
        if prompt == "bad":
            raise UserError("here", "it is bad", allowed="good", hint="better")
        return f"{os.getpid()} {prompt.upper()}"

    return ScriptedEngine(answer)


def refusing(target: Target) -> Engine:
    raise UserError("there", "it cannot be loaded", allowed="others", hint="another")
