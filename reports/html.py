"""Markup that cannot be broken out of: every text that is not made by `tag` itself is escaped.

Replies come from a model and catalogs from anywhere, so nothing is trusted; control characters and marks that turn
the reading direction are spelled out too, see `fixtures.printing.printable`.
"""

from __future__ import annotations

import html
from typing import TypeAlias

from fixtures.printing import printable

VOID = frozenset({"meta", "br", "hr"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Attribute: TypeAlias = str | int | float | bool | None


def tag(element: str, /, *children: str, **attributes: Attribute) -> Html:
    """An element; children that are not Html are escaped.

    An attribute that is None or False is left out and one that is True stands without a value; a trailing underscore
    goes (`class_`), other underscores become hyphens.
    """
    opening = f"<{element}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Html(opening if element in VOID else f"{opening}{join(*children)}</{element}>")


def join(*children: str) -> Html:
    """Children one after another; those that are not Html are escaped."""
    return Html("".join(c if isinstance(c, Html) else html.escape(printable(c)) for c in children))


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    if value is True:
        return f" {name}"
    shown = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f' {name}="{html.escape(printable(shown))}"'
