"""Nulls in arguments that say nothing: `datasets` gives every call the keys of all others, null where it has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fixtures.reading.patterns import Endless
from fixtures.reading.validating import Checker

_DEFINITIONS = ("$defs", "definitions")
_CHOICES = ("anyOf", "oneOf", "allOf")


def without_padding(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments without nulls, but for those that the schema declares and allows."""
    found: dict[str, Any] = _cleaned(arguments, schema, schema)
    return found


def has_null(value: Any) -> bool:
    """Whether a null stands anywhere in a value."""
    if isinstance(value, dict):
        return any(map(has_null, value.values()))
    return value is None or (isinstance(value, list) and any(map(has_null, value)))


def _cleaned(value: Any, schema: Any, root: Mapping[str, Any]) -> Any:
    known = _declaring(schema, root)
    if isinstance(value, Mapping):
        declared = known.get("properties") or {}
        return {
            name: _cleaned(inner, declared.get(name), root)
            for name, inner in value.items()
            if inner is not None or (name in declared and _allows_null(declared[name], root))
        }
    if isinstance(value, list):
        return [_cleaned(inner, known.get("items"), root) for inner in value]
    return value


def _declaring(schema: Any, root: Mapping[str, Any], depth: int = 0) -> Mapping[str, Any]:
    """The part of a schema that declares properties or items, behind references and choices."""
    if not isinstance(schema, Mapping) or depth > 20:
        return {}
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        target: Any = root
        for step in reference[2:].split("/"):
            target = target.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(target, Mapping) else None
        return _declaring(target, root, depth + 1)
    if "properties" in schema or "items" in schema:
        return schema
    choices = [one for key in _CHOICES if isinstance(schema.get(key), list) for one in schema[key]]
    return next(filter(None, (_declaring(one, root, depth + 1) for one in choices)), {})


def _allows_null(schema: Any, root: Mapping[str, Any]) -> bool:
    if not isinstance(schema, Mapping):
        return schema is True
    definitions = {key: root[key] for key in _DEFINITIONS if key in root}
    try:
        return Checker({**schema, **definitions}).fits(None)
    except (Endless, RecursionError):
        return False
