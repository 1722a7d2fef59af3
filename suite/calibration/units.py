"""What is resampled: the one place that says which cases belong together."""

from __future__ import annotations

import hashlib
import json

from fixtures.types import Case


def conversation_of(case: Case) -> str:
    """The conversation that a case belongs to, as a hash: what was declared, and what was said first.

    Cases that go on from the same beginning, or repeat it, are not independent: they count as one unit. The catalogs
    that a gate is given are part of what it measures, not a sample of catalogs, so cases on the same one are no unit;
    catalogs that are drawn are drawn anew for each case.
    """
    opening = next((message for message in case.messages if message["role"] == "user"), None)
    text = json.dumps([case.catalog.declarations(), opening], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
