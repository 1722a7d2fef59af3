"""What may make a difference between two nights: contents by hash, versions, and the machine."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from fixtures.cores import cores
from suite.outcome import Results
from suite.results.summary import bar_text

_SHOWN = 12  # of a hash
_ELSEWHERE = ("machine", "training data")  # of where it was gated and made; a results file does not say


def facts_of(results: Results, adapter: str) -> dict[str, str]:
    """The facts of a gate, by what people call them; what is not known is left out."""
    identity = results.identity
    facts = {
        "adapter": identity.adapter_digest[:_SHOWN],
        "base": f"{identity.base} {identity.base_digest[:_SHOWN]}",
        "format and template": f"{identity.format} {identity.format_digest[:_SHOWN]}",
        "calibrator": results.calibrator.digest[:_SHOWN] if results.calibrator else "none",
        "training data": _data(adapter),
        "policy": _policy(results),
        "machine": machine(),
    }
    facts |= {f"catalog {name}": digest for name, digest in results.catalogs.items()}
    facts |= {
        f"own rows {Path(name).name}": digest for name, digest in (results.own.files if results.own else {}).items()
    }
    facts |= {f"library {name}": version for name, version in results.libraries.items()}
    return {name: value for name, value in facts.items() if value}


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """What is another thing on the later night, in words."""
    told = []
    for name in dict.fromkeys([*before, *after]):
        one, other = before.get(name, "none"), after.get(name, "none")
        if one != other:
            told.append(f"{name}: {one} -> {other}")
    return told


def differing(one: Results, other: Results) -> list[str]:
    """In words, what differs between two results files, the adapter apart: that is what is compared."""
    facts = [
        {name: fact for name, fact in facts_of(each, "").items() if name not in (*_ELSEWHERE, "policy", "adapter")}
        for each in (one, other)
    ]
    told = changed(*facts)
    told += changed(*({f"bar of {c.name}": bar_text(c.bar) for c in each.contracts} for each in (one, other)))
    return told + changed(_exam(one), _exam(other))


def _exam(results: Results) -> Mapping[str, str]:
    return {
        "dtype": results.identity.dtype or "not known",
        "seed": str(results.seed),
        "budget": str(results.budget),
        "cases on made-up catalogs": f"{results.made_up_percent} %",
        "cases on catalogs as deployed": f"{results.as_deployed_percent} %",
        "gated to the end": "yes" if results.to_the_end else "no",
        "longest reply": f"{results.max_new_tokens} tokens",
    }


def machine() -> str:
    """What computes: processor, cores, system and Python."""
    return f"{platform.machine()}, {len(cores())} cores, {platform.system()}, Python {platform.python_version()}"


def _policy(results: Results) -> str:
    """The bars of all contracts, as text: whoever moves one changes what a verdict means."""
    import hashlib

    bars = {one.name: [type(one.bar).__name__, asdict(one.bar)] for one in results.contracts}
    return hashlib.sha256(json.dumps(bars, sort_keys=True).encode()).hexdigest()[:_SHOWN]


def _data(adapter: str) -> str:
    """The hash of what the adapter was trained on, where its run folder says so."""
    for folder in (Path(adapter), Path(adapter).parent):
        try:
            return str(json.loads((folder / "settings.json").read_text(encoding="utf-8"))["data"]["digest"])[:_SHOWN]
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return ""
