"""A month of nights: what was planted is found, on its night, with its cause, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reports.nights.command import nightly
from reports.nights.record import place_of, read_night
from suite.anchored import Anchor
from tests.reports.nights.month import NIGHTS, Scripted, settings

PLANTED = "right_arguments: catalog hotel_lights"


def lights(night: str, anchor: Anchor) -> bool:
    return night >= NIGHTS[16] and PLANTED in anchor.series


def run(folder: Path, scripted: Scripted, nights: tuple[str, ...] = NIGHTS, **changes: object) -> dict[str, int]:
    """The exit code of each night."""
    codes = {}
    for night in nights:
        scripted.tonight = night
        codes[night] = nightly(settings(folder, **changes), scripted.tools, night=night)
    return codes


def told(folder: Path, night: str) -> dict[str, object]:
    document = json.loads((folder / "nights" / "pages" / f"{night}.json").read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A regression with a new adapter on the 17th, other libraries on the 23rd, and the 9th could not run."""
    folder = tmp_path_factory.mktemp("month")
    scripted = Scripted(
        worse=lights,
        adapter=lambda night: ("a" if night < NIGHTS[16] else "b") * 16,
        libraries=lambda night: {"torch": "2.13.0" if night < NIGHTS[22] else "2.14.0"},
        gap=lambda night: night == NIGHTS[8],
    )
    return folder, run(folder, scripted, fail_on=("moved", "gap"))


def test_the_page_names_the_slice_the_night_and_the_cause(month: tuple[Path, dict[str, int]]):
    folder, _ = month
    moved = told(folder, NIGHTS[-1])["adapters"][0]["moved"]  # type: ignore[index]
    assert [(one["series"], one["first"], one["causes"]) for one in moved] == [
        (PLANTED, "2026-11-17", ["adapter: aaaaaaaaaaaa -> bbbbbbbbbbbb"])
    ]
    page = (folder / "nights" / "pages" / f"{NIGHTS[-1]}.html").read_text(encoding="utf-8")
    assert f"{PLANTED} fell from" in page
    assert "on 2026-11-17" in page
    assert "library torch: 2.13.0 -&gt; 2.14.0" in page


def test_nothing_moved_before_that_night_and_it_was_seen_within_three(month: tuple[Path, dict[str, int]]):
    folder, codes = month
    assert {night for night in NIGHTS[:16] if codes[night]} == {NIGHTS[8]}
    assert any(codes[night] for night in NIGHTS[16:19])
    assert all(told(folder, night)["adapters"][0]["moved"] == [] for night in NIGHTS[:16])  # type: ignore[index]


def test_the_adapter_that_was_put_back_is_said_to_have_made_the_difference(month: tuple[Path, dict[str, int]]):
    folder, _ = month
    (moved,) = told(folder, NIGHTS[-1])["adapters"][0]["moved"]  # type: ignore[index]
    assert "the adapter made the difference" in moved["attributed"]


def test_a_night_that_could_not_run_is_a_gap_and_red(month: tuple[Path, dict[str, int]]):
    folder, codes = month
    assert codes[NIGHTS[8]] == 1
    told_then = told(folder, NIGHTS[8])
    assert told_then["adapters"][0]["standing"] == "gap"  # type: ignore[index]
    assert "there is no such adapter" in told_then["reasons"][0]  # type: ignore[index]


def test_a_night_is_told_in_junit_and_markdown_too(month: tuple[Path, dict[str, int]]):
    folder, codes = month
    seen = next(night for night in NIGHTS[16:] if codes[night])
    suite = ElementTree.fromstring((folder / "nights" / "pages" / f"{seen}.xml").read_text(encoding="utf-8"))[0]
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert f"moved: {PLANTED}" in failed
    assert PLANTED in (folder / "nights" / "pages" / f"{seen}.md").read_text(encoding="utf-8")


def test_what_stays_with_the_old_adapter_is_not_its_fault(tmp_path: Path):
    class Libraries(Scripted):
        def kept(self, anchor: Anchor, *, earlier: bool) -> bool:
            return super().kept(anchor, earlier=False)

    scripted = Libraries(
        worse=lights,
        adapter=lambda night: ("a" if night < NIGHTS[16] else "b") * 16,
        libraries=lambda night: {"torch": "2.13.0" if night < NIGHTS[16] else "2.14.0"},
        flips=0,
    )
    run(tmp_path, scripted, NIGHTS[:18])
    (moved,) = told(tmp_path, NIGHTS[17])["adapters"][0]["moved"]  # type: ignore[index]
    assert len(moved["causes"]) == 2
    assert "the adapter did not make the difference" in moved["attributed"]


def test_a_quiet_month_is_green_and_its_page_says_that_nothing_moved(tmp_path: Path):
    codes = run(tmp_path, Scripted(), NIGHTS[:12], fail_on=("moved",))
    assert set(codes.values()) == {0}
    assert "Nothing moved." in (tmp_path / "nights" / "pages" / f"{NIGHTS[11]}.html").read_text(encoding="utf-8")


def test_a_night_that_is_there_is_read_and_not_asked_again(tmp_path: Path):
    scripted = Scripted()
    run(tmp_path, scripted, NIGHTS[:1])
    before = place_of(tmp_path / "nights", NIGHTS[0]).read_bytes()
    run(tmp_path, scripted, NIGHTS[:1])
    assert scripted.gated == [NIGHTS[0]]
    assert place_of(tmp_path / "nights", NIGHTS[0]).read_bytes() == before


def test_a_closed_gate_is_red_only_if_the_settings_say_so(tmp_path: Path):
    standing = read_standing(tmp_path)
    assert standing == "closed"
    assert run(tmp_path, Scripted(), NIGHTS[1:2], fail_on=("closed",)) == {NIGHTS[1]: 1}
    assert run(tmp_path, Scripted(), NIGHTS[2:3], fail_on=()) == {NIGHTS[2]: 0}


def read_standing(folder: Path) -> str:
    """How the sample's adapter stands, which fails on purpose."""
    run(folder, Scripted(), NIGHTS[:1], fail_on=())
    return read_night(place_of(folder / "nights", NIGHTS[0])).asked[0].standing
