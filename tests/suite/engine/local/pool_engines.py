"""What the processes of tests/suite/engine/local/test_pool.py load instead of a model."""

from __future__ import annotations

import os
import re
import signal
import warnings

from fixtures.errors import UserError
from suite.engine import Engine, ScriptedEngine, Target


def shouting(target: Target) -> Engine:
    """Answers with the prompt in capitals and the number of the process; some prompts are what goes wrong.

    `bomb` is a regular expression that never ends and holds the interpreter meanwhile.
    """
    warnings.warn("it shouts", stacklevel=1)

    def answer(prompt: str) -> str:
        if prompt == "die":
            os._exit(3)
        if prompt == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if prompt == "fault":
            raise ZeroDivisionError("a mistake of ours")
        if prompt == "full":
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9")
        if prompt == "bomb":
            re.match(r"(a|aa)+$", "a" * 80 + "b")
        if prompt == "bad":
            raise UserError("here", "it is bad", allowed="good", hint="better")
        return f"{os.getpid()} {prompt.upper()}"

    return ScriptedEngine(answer)


def refusing(target: Target) -> Engine:
    raise UserError("there", "it cannot be loaded", allowed="others", hint="another")
