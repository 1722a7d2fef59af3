"""The record of a promotion: what was tested, on what, with what result, as an in-toto statement.

https://github.com/in-toto/attestation: spec/v1/statement.md and spec/predicates/test-result.md. A test result knows no
undecided: it is FAILED, and `callproof.undecided` has the reasons. Readers ignore fields that they
do not know, so what callproof adds stands in one field of its own name.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import suite
from fixtures.errors import UserError
from fixtures.versions import installed
from suite.outcome import Results
from suite.results import file as results_file
from train.promotion.decision import Decision, Promote
from train.promotion.envelope import payload_of

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"
SCHEMA_FILE = Path(__file__).with_name("record.schema.json")


@dataclass(frozen=True, slots=True)
class Facts:
    """What a record says beside the results. `replaces` is the release that served before."""

    name: str
    now: datetime
    signed: bool
    because: str = ""
    expires_days: int | None = None
    replaces: str | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    """The adapter's own callproof.json."""
    base_revision: str = ""
    developer: str = ""
    stops: tuple[str, ...] = ()


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of records."""
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return loaded


def check(statement: Any, where: str) -> None:
    """UserError for a document that is no record."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema()).iter_errors(statement))
    if error is not None:
        pointer = "/".join(map(str, error.absolute_path))
        raise UserError(where, f"this is no record of a promotion: {error.message[:300]} at /{pointer}")


def statement_of(results: Results, decision: Decision, subjects: Mapping[str, str], facts: Facts) -> dict[str, Any]:
    """The statement about a folder whose files have these SHA-256 hashes, by name."""
    document = results_file.to_json(results)
    policy = _policy(results, document)
    verdicts = {c.name: c.verdict.name for c in results.contracts if c.bar.gating}
    beside = [c.name for c in results.contracts if not c.bar.gating and c.verdict.name in ("fail", "undecided")]
    weakened = decision.weakened if isinstance(decision, Promote) else ()
    result = "FAILED" if not isinstance(decision, Promote) else "WARNED" if weakened else "PASSED"
    return {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": subjects[name]}} for name in sorted(subjects)],
        "predicateType": PREDICATE,
        "predicate": {
            "result": result,
            "configuration": [
                # Readers tell runs of one test by the name of the first.
                {"name": f"callproof gate of {facts.name}", "digest": {"sha256": policy["sha256"]}},
                *({"name": f"catalog {n}", "uri": f"callproof:catalog/{d}"} for n, d in results.catalogs.items()),
            ],
            "timestamp": facts.now.isoformat(timespec="seconds"),
            "passedTests": [name for name, verdict in verdicts.items() if verdict == "pass"],
            "warnedTests": beside,
            "failedTests": [name for name, verdict in verdicts.items() if verdict != "pass"],
            "callproof": _extension(results, document, decision, facts, policy),
        },
    }


def _extension(
    results: Results, document: Mapping[str, Any], decision: Decision, facts: Facts, policy: Mapping[str, Any]
) -> dict[str, Any]:
    identity, own = results.identity, results.own
    expires = None if facts.expires_days is None else facts.now + timedelta(days=facts.expires_days)
    left_out = ("curves", "counterexamples")  # they stand in the results file, which is a subject
    return {
        "name": facts.name,
        "signed": facts.signed,
        "adapter": {"digest": identity.adapter_digest},
        "calibrator": document["calibrator"],
        "base": {"name": identity.base, "revision": facts.base_revision, "digest": identity.base_digest},
        "format": {"name": identity.format, "digest": identity.format_digest},
        "catalogs": dict(results.catalogs),
        "cases": dict(own.files) if own else {},
        "examples": _plain(getattr(results, "examples", None)),
        "policy": policy,
        "suite": {"version": installed("callproof").get("callproof", ""), "digest": suite_digest()},
        "contracts": [
            {name: value for name, value in contract.items() if name not in left_out}
            for contract in document["contracts"]
        ],
        "sampling": {
            name: document[name] for name in ("seed", "budget", "made_up_percent", "to_the_end", "risks", "started")
        },
        "champion": document["champion"],
        "data": {name: facts.manifest.get(name) for name in ("data_digest", "backend", "start")},
        "libraries": {"gate": dict(results.libraries), "training": facts.manifest.get("libraries")},
        "machine": machine(),
        "replaces": facts.replaces,
        "because": facts.because,
        "weakened": list(decision.weakened) if isinstance(decision, Promote) else [],
        "held": [] if isinstance(decision, Promote) else list(decision.reasons),
        "undecided": {c.name: c.verdict.reason for c in results.contracts if c.verdict.name == "undecided"},
        "expires": expires and expires.isoformat(timespec="seconds"),
    }


def _policy(results: Results, document: Mapping[str, Any]) -> dict[str, Any]:
    """The bars by contract and the error rates, with their hash; and the policy's own, where the results have one."""
    bars = {contract["name"]: contract["bar"] for contract in document["contracts"]}
    policy: dict[str, Any] = {"bars": bars, "risks": document["risks"]}
    if said := _plain(getattr(results, "policy", None)):
        policy["said"] = said
    return {"sha256": hashlib.sha256(payload_of(policy)).hexdigest(), **policy}


def _plain(value: Any) -> Any:
    """A value of the results as JSON; None stays."""
    plain = asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
    return json.loads(json.dumps(plain, default=str))


@cache
def suite_digest() -> str:
    """The SHA-256 of the code of the gate, so that a record says which gate it was."""
    total = hashlib.sha256()
    room = Path(suite.__file__).parent
    for path in sorted(room.rglob("*.py")):
        total.update(f"{path.relative_to(room).as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()


def machine() -> dict[str, Any]:
    """What the gate ran on, without its name."""
    return {
        "system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count(),
        "python": platform.python_version(),
    }  # fmt: skip
