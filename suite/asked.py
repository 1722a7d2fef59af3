"""One measured case of a contract, as far as another gate needs it to be compared on the same cases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AskedCase:
    """`case` is a hash of all of it, `parts` are what it belongs to; `request` is kept of broken ones alone."""

    case: str
    held: bool
    parts: tuple[str, ...] = ()
    request: str = ""
