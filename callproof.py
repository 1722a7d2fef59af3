"""The door: pytest's options for a gate, and the command `callproof`. A module of a name that nobody else has.

Where callproof is installed, every pytest of the environment loads this file, whatever it tests. So it imports nothing
of ours before a gate is asked for, and takes no time (tests/house/test_heavy_imports.py); suite/plugin/ does the work.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).resolve().parent
ROOMS = ("fixtures", "suite", "reports", "train")
COMMANDS = ("gate", "init", "keep", "train", "reports")
USAGE = f"""usage: callproof COMMAND ...

  gate ADAPTER ...   pytest --adapter ADAPTER ..., with the same options
  init ...           python -m train init ...
  keep ...           python -m suite keep ...
  train ...          python -m train ...
  reports ...        python -m reports ...

The working directory is not searched for code, so a folder there may be called {", ".join(ROOMS[:-1])} or {ROOMS[-1]}.
"""

_OPTIONS: dict[str, dict[str, Any]] = {
    "adapter": {
        "metavar": "PATH",
        "help": "gate this LoRA adapter (a PEFT folder, a run folder of callproof, or NAME@REGISTRY of a promoted one, "
        "which is verified first); 'none' gates the bare base",
    },
    "base": {
        "metavar": "NAME",
        "help": "base model: 'tiny', a folder or a cached hub id (default: what the adapter says)",
    },
    "download": {
        "action": "store_const",
        "const": True,
        "help": "fetch a base that is not here from the hub; else nothing is fetched",
    },
    "format": {
        "metavar": "NAME",
        "help": "wire format by name, or 'auto' for that of the chat template, see docs/formats.md (default: what the "
        "adapter says, else auto)",
    },
    "chat_template": {"metavar": "FILE", "help": "for --format auto: this template instead of the adapter's own"},
    "template_kwargs": {
        "metavar": "JSON",
        "help": 'for --format auto: what is given to the template, such as {"enable_thinking": false}',
    },
    "system": {"metavar": "TEXT", "help": "for --format auto: the system message that production puts first"},
    "catalog": {
        "metavar": "NAME",
        "action": "append",
        "help": "a tools JSON file or a shipped catalog's name; may be repeated (default: three hotel catalogs)",
    },
    "cases": {
        "metavar": "FILE",
        "action": "append",
        "help": "ask the labelled rows of this file too, word for word; may be repeated",
    },
    "examples": {
        "metavar": "FILE",
        "action": "append",
        "help": "ask for tools in the words of this file's labelled rows, with other values; may be repeated",
    },
    "made_up": {
        "metavar": "PERCENT",
        "type": int,
        "help": "of the cases, on catalogs nobody wrote (default: 50); with --examples 10; 0: only those given",
    },
    "as_deployed": {
        "metavar": "PERCENT",
        "type": int,
        "help": "of the cases on a given catalog, all its tools in the file's order (default: 50); with --examples 90",
    },
    "seed": {"metavar": "N", "type": int, "help": "seed of all draws (default: 0)"},
    "budget": {"metavar": "N", "type": int, "help": "model calls that each contract may spend (default: 800)"},
    "contracts": {"metavar": "DIR", "help": "ask the contracts in this folder's Python files too"},
    "champion": {"metavar": "PATH", "help": "compare with this adapter on the same cases"},
    "to_the_end": {
        "action": "store_const",
        "const": True,
        "help": "measure the whole budget even if a contract is decided, to compare adapters by their figures",
    },
    "leave_out_unaskable": {
        "action": "store_const",
        "const": True,
        "help": "never ask for tools for which no request can be made up, instead of refusing their catalog",
    },
    "bars": {
        "option": "--bar",
        "metavar": "NAME=VALUE",
        "action": "append",
        "help": "of one contract: gates, reports, off, or {at_least = 0.9}; may be repeated, see docs/policy.md",
    },
    "processes": {
        "metavar": "N",
        "type": int,
        "help": "processes that answer together (default: one a core for a small base on a processor, at most 4)",
    },
    "dtype": {
        "metavar": "NAME",
        "help": "float32, bfloat16 or float16 (default: auto, the faster one that the machine has, measured)",
    },
    "cache": {"metavar": "DIR", "help": "keep replies and counterexamples there (default: .callproof)"},
    "results": {"metavar": "FILE", "help": "write the results there as JSON, for reports and promotion"},
    "replay": {
        "metavar": "ID",
        "help": "ask this counterexample again, and nothing else: the digits that stand with it, or its number in "
        "--results FILE; exits with 1 if it still fails, and is no verdict",
    },
    "neighbours": {
        "action": "store_const",
        "const": True,
        "help": "with --replay: ask 24 cases around it too, which tell a hole from a stray find",
    },
}
"""Each names a field of `suite.settings.Settings`; tests/suite/plugin/test_options.py holds the two together."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("callproof", "callproof: a release gate for function-calling adapters")
    for name, words in _OPTIONS.items():
        rest = {key: value for key, value in words.items() if key != "option"}
        group.addoption(words.get("option", "--" + name.replace("_", "-")), dest=name, default=None, **rest)


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("adapter") is None:
        return
    if problem := shadowed():
        raise pytest.UsageError(problem)
    from suite.plugin import start

    start(config, _checked({name: config.getoption(name) for name in _OPTIONS}))


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """The options with the folders of promoted adapters in the place of NAME@REGISTRY, once these were verified."""
    promoted: dict[str, str] = {}
    for option in ("adapter", "champion"):
        name, at, registry = str(options[option] or "").partition("@")
        if at and "/" not in name and Path(registry).is_dir() and not Path(options[option]).exists():
            from fixtures.errors import UserError
            from train.promotion import load_promoted

            try:
                promoted[option] = str(load_promoted(name, registry))
            except UserError as error:
                raise pytest.UsageError(str(error)) from error
    return options | promoted


def shadowed() -> str:
    """What hides one of callproof's rooms from `import`, and what to do; empty if nothing does."""
    for room in ROOMS:
        found = _place(room)
        if found != HOME / room:
            where = f"it is {found}" if found else "there is none"
            return (
                f"import {room}\n  problem: this must be callproof's own folder {HOME / room}, and {where}\n"
                "  try:     callproof gate ADAPTER ..., which searches no working directory for code; or another name "
                "for that folder"
            )
    return ""


def _place(room: str) -> Path | None:
    """The folder that `import room` takes, or has taken."""
    loaded = sys.modules.get(room)
    spec = loaded.__spec__ if loaded else importlib.util.find_spec(room)
    if spec is None:
        return None
    folders = list(spec.submodule_search_locations or ())
    return Path(folders[0] if folders else str(spec.origin)).resolve()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `callproof`; returns the exit status of what it runs, and 2 for words that it does not know."""
    command, *rest = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    if command in ("-h", "--help"):
        sys.stdout.write(USAGE)
        return 0
    if command not in COMMANDS:
        sys.stderr.write(f"callproof {command}\n  problem: there is no such command\n\n{USAGE}")
        return 2
    if problem := shadowed():
        sys.stderr.write(f"{problem}\n")
        return 2
    if command == "gate":
        return _gate(rest)
    # By its name: importing a room is for whoever asks for it.
    run = importlib.import_module({"keep": "suite.__main__", "reports": "reports.__main__"}.get(command, "train.cli"))
    return int(run.main([command, *rest] if command in ("init", "keep") else rest))


def _gate(arguments: Sequence[str]) -> int:
    """pytest with callproof's contracts alone: no settings, conftest.py or plugins' caches of the working directory."""
    given = list(arguments)
    if given and not given[0].startswith("-"):
        given.insert(0, "--adapter")
    alone = ["-c", os.devnull, "--rootdir", str(Path.cwd()), "--noconftest", "-p", "no:cacheprovider"]
    # Where callproof is installed, its entry point registers this very module, under its name as here.
    return int(pytest.main([*alone, "-p", "callproof", *given]))


if __name__ == "__main__":
    sys.exit(main())
