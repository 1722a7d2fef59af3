"""What a case belongs to, so that figures can be told for a part of the exam."""

from __future__ import annotations

from collections.abc import Iterator

from fixtures.types import Case


def parts_of(case: Case) -> Iterator[str]:
    """Its catalog, the kind of its request, and on a given catalog the tools that are right."""
    yield f"catalog {case.catalog.name}"
    yield f"requests of the kind {case.kind}"
    for name in sorted({call.name for call in case.oracle.calls or ()} & set(case.catalog.names)):
        if case.catalog.name != "drawn":
            yield f"tool {name}"
