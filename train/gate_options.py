"""Options of `pytest --adapter` on command lines of this room, where they mean the same."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from suite.settings import Settings, read_settings

_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "base": {"metavar": "NAME", "help": "base model (default: what the adapter says)"},
    "format": {"metavar": "NAME", "help": "wire format, or auto (default: what the adapter says)"},
    "chat_template": {"metavar": "FILE", "help": "for --format auto: this template instead of the adapter's own"},
    "template_kwargs": {
        "metavar": "JSON",
        "help": 'for --format auto: what is given to the template, such as {"enable_thinking": false}',
    },
    "system": {"metavar": "TEXT", "help": "for --format auto: a system message that stands first"},
    "catalog": {"metavar": "NAME", "action": "append", "help": "a file or a shipped catalog; may be repeated"},
    "examples": {
        "metavar": "FILE",
        "action": "append",
        "help": "labelled rows in whose words tools are asked for; repeatable",
    },
    "made_up": {"metavar": "PERCENT", "type": int, "help": "of the cases, on catalogs nobody wrote"},
    "seed": {"metavar": "N", "type": int, "help": "seed of all draws"},
    "budget": {"metavar": "N", "type": int, "help": "model calls that each contract may spend"},
    "contracts": {"metavar": "DIR", "help": "ask the contracts in this folder's Python files too"},
    "leave_out_unaskable": {
        "action": "store_const",
        "const": True,
        "help": "never ask for tools for which no request can be made up",
    },
    "dtype": {"metavar": "NAME", "help": "in which the gate's model computes (default: auto, the faster one)"},
    "results": {"metavar": "FILE", "help": "where the results go (default: RUN/results.json)"},
}


def add_gate(parser: argparse.ArgumentParser, *names: str) -> None:
    """A group with these options of the gate, named as fields of `suite.settings.Settings`."""
    gate = parser.add_argument_group("gate", "As for pytest --adapter; [tool.callproof] of pyproject.toml counts too.")
    for name in names:
        gate.add_argument("--" + name.replace("_", "-"), **_OPTIONS[name])


def gate_settings(options: argparse.Namespace, *names: str) -> Settings:
    """What these options and `[tool.callproof]` say; raises UserError for a bad setting."""
    return read_settings({name: getattr(options, name) for name in names})
