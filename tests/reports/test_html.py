import html
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from fixtures.printing import printable
from reports.html import Html, join, tag


class Reader(HTMLParser):
    """What a browser would see: elements with their attributes, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text())
def test_text_stays_text(text: str) -> None:
    seen = Reader(tag("p", text, title=text))
    assert seen.elements == [("p", {"title": printable(text)})]
    assert seen.text == printable(text)


def test_markup_made_by_tag_is_kept() -> None:
    assert tag("p", tag("b", "a < b"), " & c") == "<p><b>a &lt; b</b> &amp; c</p>"
    assert isinstance(join("<i>"), Html)
    assert join("<i>") == html.escape("<i>")


def test_attributes() -> None:
    assert tag("a", class_="x", aria_label="y", open=True, hidden=False, id=None, x=0.12345678) == (
        '<a class="x" aria-label="y" open x="0.123457"></a>'
    )


def test_void_elements_have_no_end() -> None:
    assert tag("meta", charset="utf-8") == '<meta charset="utf-8">'
