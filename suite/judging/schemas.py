"""Validation of arguments against a tool's JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jsonschema.exceptions import UnknownType, ValidationError
from referencing.exceptions import Unresolvable

from fixtures.reading.patterns import Endless
from fixtures.reading.strict import shown
from fixtures.reading.validating import Checker


def first_fault(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """The most telling violation as `/pointer: message`, or an empty string; undeclared arguments count as faults."""
    try:
        error = _checker(json.dumps(schema, sort_keys=True)).fault(dict(arguments))
    except Endless as endless:
        return f"/: {endless}"
    except RecursionError:
        return "/: the arguments are nested too deeply to be checked"
    except (Unresolvable, UnknownType) as unreadable:  # only a schema that no reader of catalogs or rows has checked
        return f"/: the tool's schema cannot be used: {shown(str(unreadable).partition(chr(10))[0], 200)}"
    if error is not None:
        return f"/{'/'.join(map(str, error.absolute_path))}: {_short(error)}"
    undeclared = sorted(set(arguments) - _declared(schema))
    if undeclared and schema.get("additionalProperties") is None:
        return f"/{undeclared[0]}: this argument is not declared"
    return ""


def _declared(schema: Any) -> set[str]:
    """The names of arguments that a schema speaks of, in its alternatives too."""
    if not isinstance(schema, Mapping):
        return set()
    found = set(schema.get("properties", {}))
    for key in ("allOf", "anyOf", "oneOf"):
        found = found.union(*map(_declared, schema.get(key, ())))
    return found.union(*(_declared(schema.get(key)) for key in ("if", "then", "else")))


def _short(error: ValidationError) -> str:
    """The message, without the middle of a value or an enum that fills pages."""
    message = error.message
    return message if len(message) <= 400 else f"{message[:200]} … {message[-100:]}"


@lru_cache(maxsize=4096)
def _checker(schema: str) -> Checker:
    return Checker(json.loads(schema))
