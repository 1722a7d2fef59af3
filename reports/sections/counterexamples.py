"""Counterexamples as cards: those of gating contracts first, each with the number by which `suite keep` knows it."""

from __future__ import annotations

import json
from typing import Any

from suite.outcome import Counterexample, Results
from suite.results.cases import SHORT_ID, case_id
from suite.results.signature import signature
from suite.results.summary import lane_text, message_text, variant_rows
from suite.results.wording import beginning

ASKED, GOT = 90, 60
"""Letters of a request and of what was got, in the one line of a folded card."""


def section(results: Results) -> dict[str, list[dict[str, Any]]]:
    """The cards of contracts that gate, and of the others."""
    found: dict[str, list[dict[str, Any]]] = {"gating": [], "others": []}
    for contract in results.contracts:
        for number, example in enumerate(contract.counterexamples, results.first_number(contract)):
            found["gating" if contract.bar.gating else "others"].append(card(number, example))
    return found


def card(number: int, example: Counterexample) -> dict[str, Any]:
    """One counterexample with all that a person needs to see what went wrong and to run it again."""
    case, variant = example.case, example.case.variant
    calls = case.oracle.calls
    asked = variant.case.request if variant else message_text(case.messages[-1]) if case.messages else ""
    return {
        "number": number,
        "id": case_id(case)[:SHORT_ID],
        "example": example,
        "asked": beginning(asked, ASKED),
        "got": beginning(example.got, GOT),
        "came": lane_text(example),
        "beside": _beside(example),
        "right": None if calls is None else _calls_text(calls),
        "messages": [(str(message.get("role", "?")), message_text(message)) for message in case.messages],
        "variant": variant_rows(variant, case) if variant else [],
        "tools": [(signature(tool), tool.description) for tool in case.catalog.tools],
        "policy": _policy(example),
        "declared": json.dumps(case.catalog.declarations(), indent=2, ensure_ascii=False),
        "other_title": "Reply when asked otherwise" if variant else "Reply it is compared with",
    }


def _calls_text(calls: Any) -> str:
    texts = [f"{call.name} {json.dumps(dict(call.arguments), ensure_ascii=False)}" for call in calls]
    return "; ".join(texts) or "no call: nothing fits"


def _beside(example: Counterexample) -> list[str]:
    if not example.neighbours:
        return []
    return [f"{example.broken_beside} of {example.neighbours} fresh cases around it fail too"]


def _policy(example: Counterexample) -> str:
    catalog = example.case.catalog
    if catalog.fallback:
        return f"{catalog.fallback} is for what no other serves."
    return "One of them must be chosen." if str(catalog.policy) == "must_choose" else ""
