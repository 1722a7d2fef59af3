"""Accepted values as the Berkeley leaderboard writes them, as plain values; "" means that there need be none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice, product
from typing import Any

from fixtures.reading.arguments import first_fault
from fixtures.types import Wanted

NOTHING = ""
MOST = 1000
"""Combinations of one argument's values that are read; the leaderboard's own files have at most 128."""


def expanded(accepted: Sequence[Any]) -> list[Any]:
    """Each value that is accepted, without `NOTHING`; objects in it, and lists of objects, say their values by key."""
    found: list[Any] = []
    for value in accepted:
        if value != NOTHING:
            found += [one for one in _spelled(value) if one not in found]
    return found


def _spelled(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(islice(_objects(value), MOST))
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [list(items) for items in islice(product(*(list(_objects(item)) for item in value)), MOST)]
    return [value]


def _objects(told: Mapping[str, Any]) -> Any:
    """Objects with one accepted value for each key; a key that may be missing is missing in some."""
    listed = {key: values if isinstance(values, list) else [values] for key, values in told.items()}
    ways = [
        [*([None] if NOTHING in values else []), *((one,) for one in expanded(values))] for values in listed.values()
    ]
    for chosen in product(*ways):
        yield {key: one[0] for key, one in zip(listed, chosen, strict=True) if one is not None}


def wanted_call(name: str, accepted: Mapping[str, Sequence[Any]], schema: Mapping[str, Any]) -> Wanted | None:
    """The call with those of the accepted values that the tool's schema allows; None if no call is left."""
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    values: dict[str, list[Any]] = {}
    optional: list[str] = []
    for key, told in accepted.items():
        if key not in properties:
            return None
        kept = [value for value in expanded(told) if not first_fault(_of(schema, key), {key: value})]
        may_be_missing = NOTHING in told and key not in required
        if kept:
            values[key] = kept
            optional += [key] if may_be_missing else []
        elif not may_be_missing:
            return None
    arguments = {key: kept[0] for key, kept in values.items()}
    also = {key: tuple(kept[1:]) for key, kept in values.items() if kept[1:]}
    if first_fault(schema, arguments):
        return None
    return Wanted(name, arguments, also, tuple(optional), spelling="loose")


def _of(schema: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The schema of one argument alone, with the definitions it may refer to."""
    return {**schema, "properties": {key: (schema.get("properties") or {}).get(key, {})}, "required": [key]}
