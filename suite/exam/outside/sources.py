"""Which values of `--cases` name an outside exam, where it stands, and its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.outside import exam_of
from suite.exam.outside import bfcl, when2call
from suite.exam.outside.posed import Posed

Read: TypeAlias = Callable[[str, str, Format], Iterator[Posed | str]]
_READERS: Mapping[str, Read] = MappingProxyType({"bfcl": bfcl.read, "when2call": when2call.read})
_TOLD = 20


def is_outside(file: str) -> bool:
    """Whether this value of `--cases` names an outside exam."""
    return bool(exam_of(file)[0])


def place_of(file: str) -> Path:
    """The file that a value of `--cases` means."""
    exam, name = exam_of(file)
    return bfcl.questions_of(f"--cases {file}", name) if exam == "bfcl" else Path(name)


def read_outside(file: str, form: Format) -> tuple[list[Posed], list[str]]:
    """The rows that can be asked, and the ids of the others with the reason; raises UserError where none can be."""
    exam, name = exam_of(file)
    kept: list[Posed] = []
    left_out: list[str] = []
    for one in _READERS[exam](f"--cases {file}", name, form):
        if isinstance(one, Posed):
            kept.append(one)
        else:
            left_out.append(one)
    if not kept:
        raise UserError(f"--cases {file}", "no row can be asked\n" + "\n".join(left_out[:_TOLD]))
    return kept, left_out
