"""Contracts of one's own, from a folder of Python files: `--contracts DIR` asks them beside the shipped ones."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from fixtures.errors import UserError
from suite.contracts import CONTRACTS
from suite.exam.own import OwnCases
from suite.judging.contract import Contract
from suite.outcome import NoWorse


def asked_of(contracts: Sequence[Contract], *, champion: bool, own: OwnCases) -> tuple[Contract, ...]:
    """Those that are asked: of a champion only where there is one, with the user's own rows where there are such.

    A contract with rows comes with how many they are, as its `sample`.
    """
    rows = {"": 1, "sample": len(own.rows) - len(own.must), "must": len(own.must)}
    asked = [c for c in contracts if rows[c.rows] and (champion or not isinstance(c.bar, NoWorse))]
    return tuple(replace(c, sample=rows[c.rows]) if c.rows else c for c in asked)


def contract_files(folder: Path) -> list[Path]:
    """The files of a folder that may hold contracts: Python files whose name does not begin with an underscore."""
    return sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))


def load_contracts(folder: Path | None) -> tuple[Contract, ...]:
    """The shipped contracts and those of the folder; UserError if it holds none, one is broken, or a name is taken."""
    if folder is None:
        return CONTRACTS
    where = f"--contracts {folder}"
    if not folder.is_dir():
        raise UserError(where, "there is no such folder", allowed="a folder of Python files, one contract each")
    taken = {contract.name: f"suite.contracts.{contract.name}" for contract in CONTRACTS}
    own: list[Contract] = []
    for path in contract_files(folder):
        for contract in contracts_in(path, folder):
            if contract.name in taken:
                problem = f"the contract {contract.name!r} of {path} is already in {taken[contract.name]}"
                raise UserError(where, problem, hint="give the function another name")
            taken[contract.name] = str(path)
            own.append(contract)
    if not own:
        hint = "decorate a predicate with @contract from suite.judging.contract; docs/contracts/ has an example"
        raise UserError(where, "no file in this folder holds a contract", hint=hint)
    return (*CONTRACTS, *own)


def contracts_in(path: Path, folder: Path) -> list[Contract]:
    """The contracts that a file of the user's folder defines, in its order; UserError if it cannot be imported."""
    return [replace(value, folder=str(folder)) for value in vars(_module(path)).values() if isinstance(value, Contract)]


def _module(path: Path) -> ModuleType:
    """The file as a module of a name that no other has, imported once."""
    name = f"callproof_contracts_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # whatever a person's file raises is a fault of that file
        del sys.modules[name]
        raise UserError(str(path), f"this file cannot be imported: {type(error).__name__}: {error}") from error
    return module
