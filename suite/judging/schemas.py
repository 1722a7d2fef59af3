"""Validation of arguments against a tool's JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator


def first_fault(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """The most telling violation as `/pointer: message`, or an empty string; undeclared arguments count as faults."""
    validator = _validator(json.dumps(schema, sort_keys=True))
    error = min(validator.iter_errors(dict(arguments)), key=lambda e: (len(e.absolute_path), e.message), default=None)
    if error is not None:
        return f"/{'/'.join(map(str, error.absolute_path))}: {error.message}"
    undeclared = sorted(set(arguments) - set(schema.get("properties", {})))
    if undeclared and schema.get("additionalProperties") is None:
        return f"/{undeclared[0]}: this argument is not declared"
    return ""


@lru_cache(maxsize=4096)
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads(schema))
