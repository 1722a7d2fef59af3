"""The pages in a real browser: nothing runs, nothing is asked for, nothing overflows, nothing is complained of."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.reports import full

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = (375, 1280)
PAGES = {
    "plain": full.page, "attacked": lambda: full.page(full.ATTACK), "long names": lambda: full.page(full.LONG),
    "night": full.night_page, "attacked night": lambda: full.night_page(full.ATTACK),
}  # fmt: skip
TOO_WIDE = """() => [...document.querySelectorAll('body *')]
    .filter(e => !e.closest('.scroll') && !e.closest('.hidden') && !e.closest('thead') && e.checkVisibility())
    .filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .map(e => e.tagName + '.' + e.getAttribute('class') + ' ' + (e.textContent || '').slice(0, 60))"""
FOLDED = "[...document.querySelectorAll('details > :not(summary)')].filter(e => !e.checkVisibility()).length"
UNFOLD = "() => document.querySelectorAll('details').forEach(e => e.open = true)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """The system's Chromium; skips where it, or Playwright's package, is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install callproof[browser]")
    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with playwright.sync_playwright() as running:
        # A container has no user namespaces for the sandbox; what is opened is our own page.
        started = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_runs_nothing_asks_for_nothing_and_fits(
    browser: Any, tmp_path: Path, name: str, width: int, scheme: str
) -> None:
    place = tmp_path / "page.html"
    place.write_text(PAGES[name](), encoding="utf-8", errors="backslashreplace")
    said: list[str] = []
    asked: list[str] = []

    def refused(dialog: Any) -> None:
        said.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    view = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    view.on("console", lambda message: said.append(message.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.on("dialog", refused)
    view.on("request", lambda request: asked.append(request.url))
    view.goto(place.as_uri())
    for unfolded in (False, True):
        if unfolded:
            view.evaluate(UNFOLD)
        assert view.evaluate("document.documentElement.scrollWidth") == width
        assert view.evaluate(TOO_WIDE) == []
    assert said == []
    assert asked == [place.as_uri()]
    view.close()


@pytest.mark.parametrize("name", PAGES)
def test_on_paper_everything_is_unfolded_and_fits(browser: Any, tmp_path: Path, name: str) -> None:
    place = tmp_path / "page.html"
    place.write_text(PAGES[name](), encoding="utf-8", errors="backslashreplace")
    view = browser.new_page(viewport={"width": 720, "height": 900})
    view.goto(place.as_uri())
    assert view.evaluate(FOLDED) > 0
    view.emulate_media(media="print")
    assert view.evaluate("document.documentElement.scrollWidth") == 720
    assert view.evaluate(TOO_WIDE) == []
    assert view.evaluate(FOLDED) == 0
    assert view.pdf().startswith(b"%PDF")
    view.close()


def test_a_link_to_something_folded_unfolds_it(browser: Any, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    place.write_text(full.page(), encoding="utf-8")
    view = browser.new_page(viewport={"width": 1280, "height": 900})
    view.goto(place.as_uri())
    target = view.locator("#counterexample-1")
    assert not target.is_visible()
    view.locator("a[href='#counterexample-1']").first.click()
    assert target.is_visible()
    view.close()


def test_what_is_folded_is_short(browser: Any, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    place.write_text(full.page(), encoding="utf-8")
    heights = []
    for width in WIDTHS:
        view = browser.new_page(viewport={"width": width, "height": 900})
        view.goto(place.as_uri())
        heights.append(view.evaluate("document.documentElement.scrollHeight"))
        view.close()
    assert heights[0] < 5000
    assert heights[1] < 2600
