"""Pages and pictures out of templates, in which no text from outside can become markup.

Replies come from a model and catalogs from anywhere, so nothing is trusted: Jinja escapes every text that is put into a
template, and `fixtures.printing.printable` spells out control characters and marks that turn the reading direction.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from fixtures.files import check_free
from fixtures.printing import printable
from suite.results.wording import percent, percent_seen

HERE = Path(__file__).parent
FOLDERS = (HERE / "templates", HERE / "nights")
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Even if a reply got its markup past the escaping, the browser would neither run nor load anything."""

GENERATOR = '<meta name="generator" content="callproof">'
"""By this a page is known as one of ours, which may be written anew."""

SYMBOLS = {"pass": "\u2713", "fail": "\u2717", "undecided": "?", "measured": "\u2022"}
"""So that no verdict is told by its colour alone."""


def render(template: str, **context: Any) -> str:
    """The template's text with one line break at its end."""
    return environment().get_template(template).render(**context).strip() + "\n"


def style(*files: Path) -> Markup:
    """Our own style sheets, the page's first; not for text from outside, as nothing of them is escaped."""
    return Markup("".join(file.read_text(encoding="utf-8") for file in (HERE / "page.css", *files)))


@cache
def environment() -> Environment:
    """How all templates are read: escaped, printable, and nothing may be missing."""
    made = Environment(
        loader=FileSystemLoader(FOLDERS), autoescape=True, undefined=StrictUndefined, finalize=clean,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    made.filters |= {"percent": percent, "seen": percent_seen, "number": number, "parted": parted}
    made.globals |= {"policy": POLICY, "generator": Markup(GENERATOR), "symbols": SYMBOLS}
    return made


def clean(value: Any) -> Any:
    """What is put into a template: text is made printable, markup of our own macros is left as it is."""
    return printable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def parted(name: str) -> Markup:
    """A name of many words, which a line may break between them."""
    return Markup(str(escape(printable(name))).replace("_", "_<wbr>"))


def number(value: float) -> str:
    """A length or a figure in six digits at most."""
    return f"{value:.6g}"


def check_place(target: Path, overwrite: bool = False) -> None:
    """Raise UserError for a file at the page's place that is no page of ours."""
    check_free(target, overwrite, lambda text: text.startswith("<!doctype html>") and GENERATOR in text[:1000])
