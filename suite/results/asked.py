"""What a contract was asked, in few bytes: so that two results files can be compared on the cases that both asked.

In the file, `cases` has eight letters for each case (48 bits of a hash, in base64), `held` a digit, `groups` a number:
the place in `parts` of what the case belongs to. `broken` has the requests of those that were not held, by their place;
a case that flipped was broken in one of the two gates, so its request is known.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fixtures.types import Case
from suite.asked import AskedCase
from suite.exam.parts import parts_of
from suite.outcome import Broken, Held, Outcome, Scored
from suite.results.cases import case_to_json

LETTERS = 8
"""Of a case's hash. Among 10,000 x 10,000 pairs of other cases, two look the same with a chance of one in a million."""
LONGEST_REQUEST = 300


def case_name(case: Case) -> str:
    """What tells a case from all others, in whatever gate it was drawn: a hash of all of it, with what is right."""
    told = json.dumps(case_to_json(case), sort_keys=True)
    digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[: LETTERS * 6 // 8]).decode()


def asked_of(measured: Iterable[tuple[Case, Outcome]]) -> tuple[AskedCase, ...]:
    """The measured cases that a contract says something about; one that was drawn twice counts as it was first."""
    found: dict[str, AskedCase] = {}
    for case, outcome in measured:
        if isinstance(outcome, Held | Broken | Scored):
            held = outcome.correct if isinstance(outcome, Scored) else isinstance(outcome, Held)
            name = case_name(case)
            request = "" if held else " ".join(case.request.split())[:LONGEST_REQUEST]
            found.setdefault(name, AskedCase(name, held, tuple(parts_of(case)), request))
    return tuple(found.values())


def asked_to_json(asked: Sequence[AskedCase]) -> dict[str, Any]:
    """The part of a results file; see the top of this file."""
    groups = {parts: number for number, parts in enumerate(dict.fromkeys(one.parts for one in asked))}
    return {
        "cases": "".join(one.case for one in asked),
        "held": "".join("01"[one.held] for one in asked),
        "groups": " ".join(str(groups[one.parts]) for one in asked),
        "parts": [list(parts) for parts in groups],
        "broken": {str(place): one.request for place, one in enumerate(asked) if not one.held},
    }


def asked_from_json(document: Mapping[str, Any]) -> tuple[AskedCase, ...]:
    """What `asked_to_json` made; ValueError for what it cannot have made."""
    letters, held, groups = document["cases"], document["held"], document["groups"].split()
    cases = [letters[start : start + LETTERS] for start in range(0, len(letters), LETTERS)]
    parts, broken = [tuple(each) for each in document["parts"]], document["broken"]
    if any(int(group) >= len(parts) for group in groups):
        raise ValueError("a group of asked cases has no parts")
    return tuple(
        AskedCase(case, kept == "1", parts[int(group)], broken.get(str(place), ""))
        for place, (case, kept, group) in enumerate(zip(cases, held, groups, strict=True))
    )
