"""Tables of a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reports.html import Html, tag


def table(head: Sequence[str], rows: Iterable[Sequence[str]], class_: str = "", caption: str = "") -> Html:
    """A table whose first column names the row; roles are spelled out as narrow screens restyle it."""
    cells = [tag("th", title, scope="col", role="columnheader") for title in head]
    body = []
    for first, *others in rows:
        title = tag("th", first, scope="row", role="rowheader")
        body.append(tag("tr", title, *(tag("td", cell, role="cell") for cell in others), role="row"))
    return tag(
        "table",
        tag("caption", caption) if caption else Html(""),
        tag("thead", tag("tr", *cells, role="row"), role="rowgroup"),
        tag("tbody", *body, role="rowgroup"),
        class_=class_,
        role="table",
    )
