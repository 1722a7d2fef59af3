"""Cases as JSON: in results files, in the corpus of counterexamples, and wherever else they are kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fixtures.rows import acceptable
from fixtures.types import Absent, Case, Catalog, Fallback, Missing, Oracle, Policy, Tool, ToolCall, Variant

ID_DIGITS, SHORT_ID = 16, 8
"""Digits of a case's ID, and how many of the first of them a person is shown and may type."""


def case_text(case: Case) -> str:
    """The text of the file that a case is kept in."""
    return json.dumps(case_to_json(case), indent=1, ensure_ascii=False)


def case_id(case: Case) -> str:
    """What a case is called by, wherever it is kept: a hash of all that it consists of."""
    return hashlib.sha256(case_text(case).encode("utf-8", "surrogatepass")).hexdigest()[:ID_DIGITS]


def case_to_json(case: Case) -> dict[str, Any]:
    """A case as JSON; its messages and schemas must be JSON values already."""
    catalog, oracle = case.catalog, case.oracle
    return {
        "kind": case.kind,
        "catalog": {
            "name": catalog.name,
            "policy": {"fallback": catalog.fallback} if catalog.fallback else catalog.policy,
            "priority": list(catalog.priority),
            "cost": dict(catalog.cost),
            "tools": [_tool_to_json(tool) for tool in catalog.tools],
        },
        "messages": [dict(message) for message in case.messages],
        "oracle": {
            "calls": None if oracle.calls is None else [_call_to_json(call) for call in oracle.calls],
            **({"acceptable": acceptable.as_json(oracle.acceptable)} if oracle.acceptable else {}),
            **({"missing": asdict(oracle.missing)} if oracle.missing else {}),
        },
        "variant": None if case.variant is None else _variant_to_json(case.variant),
        **({"language": case.language} if case.language else {}),
        **({"absent": _absent_to_json(case.absent)} if case.absent else {}),
    }


def _tool_to_json(tool: Tool) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}


def _absent_to_json(absent: Absent) -> dict[str, Any]:
    return {"tool": _tool_to_json(absent.tool), "arguments": dict(absent.arguments)}


def _variant_to_json(variant: Variant) -> dict[str, Any]:
    renamed = {"tools": dict(variant.tools), "parameters": {k: dict(v) for k, v in variant.parameters.items()}}
    return {"relation": variant.relation, "case": case_to_json(variant.case), **renamed}


def case_from_json(document: Mapping[str, Any]) -> Case:
    """The case of a document made by `case_to_json`; KeyError or TypeError for any other."""
    catalog, calls = document["catalog"], document["oracle"]["calls"]
    return Case(
        kind=document["kind"],
        catalog=Catalog(
            name=catalog["name"],
            policy=_policy_from_json(catalog["policy"]),
            priority=tuple(catalog["priority"]),
            cost=catalog.get("cost", {}),  # files of before there were costs have none
            tools=tuple(Tool(**tool) for tool in catalog["tools"]),
        ),
        messages=tuple(document["messages"]),
        oracle=Oracle(
            calls=None if calls is None else tuple(ToolCall(**call) for call in calls),
            acceptable=acceptable.from_json(document["oracle"].get("acceptable", ())),
            missing=Missing(**missing) if (missing := document["oracle"].get("missing")) else None,
        ),
        variant=_variant_from_json(document.get("variant")),
        language=document.get("language", ""),
        absent=Absent(Tool(**absent["tool"]), absent["arguments"]) if (absent := document.get("absent")) else None,
    )


def _policy_from_json(document: Any) -> Policy:
    return Fallback(document["fallback"]) if isinstance(document, Mapping) else document


def _variant_from_json(document: Mapping[str, Any] | None) -> Variant | None:
    return None if document is None else Variant(**{**document, "case": case_from_json(document["case"])})


def _call_to_json(call: ToolCall) -> dict[str, Any]:
    return {"name": call.name, "arguments": dict(call.arguments)}
