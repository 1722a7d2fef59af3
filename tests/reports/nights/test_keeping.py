"""What nights keep: settings are read strictly, files are whole or not there, and an index may be lost."""

from __future__ import annotations

import json
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.errors import UserError
from reports.nights.command import nightly
from reports.nights.index import FILE, history
from reports.nights.lock import only_one
from reports.nights.night import new_name, run_night
from reports.nights.record import Asked, Night, place_of, read_night, write_night
from reports.nights.settings import read_nightly
from tests.killing import killed_at_random
from tests.reports.nights.month import NIGHTS, Scripted, settings
from tests.reports.sample import FAILING, HOSTILE, PASSING

SMALL = '[[adapter]]\nname = "hotel"\nadapter = "runs/hotel"\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "nightly.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_settings_are_read_with_paths_from_their_file(tmp_path: Path):
    (tmp_path / "runs" / "hotel").mkdir(parents=True)
    (tmp_path / "tools.json").write_text("[]")
    text = (
        'folder = "kept"\nanchors = 30\nfail_on = ["moved"]\n'
        + SMALL
        + 'catalog = ["tools.json", "tuya"]\nbudget = 60\n'
    )
    read = read_nightly(written(tmp_path, text))
    (entry,) = read.entries
    assert read.folder == tmp_path / "kept"
    assert (read.anchors, read.fail_on) == (30, ("moved",))
    assert entry.adapter == str(tmp_path / "runs" / "hotel")
    assert entry.catalog == (str(tmp_path / "tools.json"), "tuya")
    assert entry.budget == 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no adapter is named"),
        ("[[adapter]\n", "it cannot be read"),
        ("adapter = 3\n", "no adapter is named"),
        ('[[adapter]]\nadapter = "x"\n', "name"),
        ('[[adapter]]\nname = "a/b"\nadapter = "x"\n', "is no name"),
        (SMALL + "budget = 3\n", "measures nothing"),
        (SMALL + "budgets = 3\n", "budget"),
        (SMALL + "made_up = 300\n", "made_up"),
        (SMALL + 'catalog = "tools.json"\n', "a list of texts"),
        (SMALL + SMALL, "named twice"),
        ('fail_on = ["moving"]\n' + SMALL, "moved"),
        ("false_alarms = 2\n" + SMALL, "between 0 and 1"),
        ("anchors = 0\n" + SMALL, "too few"),
        ("anchors = true\n" + SMALL, "a whole number"),
    ],
)
def test_a_bad_setting_is_told_with_its_place(text: str, said: str, tmp_path: Path):
    with pytest.raises(UserError) as error:
        read_nightly(written(tmp_path, text))
    assert said in str(error.value)
    assert "nightly.toml" in str(error.value)


def test_without_settings_the_error_says_what_to_do(tmp_path: Path):
    with pytest.raises(UserError, match=r"docs/nights\.md"):
        read_nightly(tmp_path / "nightly.toml")


def test_a_night_comes_back_as_it_was_written_and_is_never_written_over(tmp_path: Path):
    night = Night("2026-12-01", "2026-12-01T01:00:00+00:00", 3.5, (
        Asked("a", PASSING, {"x": True}, {"adapter": "1"}), Asked("b", problem="gone"),
    ))  # fmt: skip
    place = write_night(tmp_path, night)
    assert read_night(place) == night
    with pytest.raises(UserError):
        write_night(tmp_path, replace(night, seconds=1.0))
    assert read_night(place) == night


@pytest.mark.parametrize("text", ["{}", "[]", '{"night_version": 2}', '{"night_version": 1, "night": "x"}', "no json"])
def test_what_is_no_night_is_told(text: str, tmp_path: Path):
    place = place_of(tmp_path, "2026-12-01")
    place.write_text(text)
    with pytest.raises(UserError, match="2026-12-01"):
        read_night(place)


def test_a_night_that_cannot_be_read_is_told_and_the_others_are_there(tmp_path: Path):
    write_night(tmp_path, Night("2026-12-01", "now", 1.0, (Asked("a", PASSING),)))
    place_of(tmp_path, "2026-12-02").write_text("{}")
    told: list[str] = []
    assert [line.night for line in history(tmp_path, told.append)["a"]] == ["2026-12-01"]
    assert "2026-12-02" in told[0]


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"damaged" * 500)])
def test_an_index_that_is_lost_or_damaged_is_made_anew(damage, tmp_path: Path):
    write_night(tmp_path, Night("2026-12-01", "now", 1.0, (Asked("a", FAILING, {"x": True}, {"adapter": "1"}),)))
    before = history(tmp_path)
    damage(tmp_path / FILE)
    assert history(tmp_path) == before


def test_a_night_that_was_taken_away_leaves_the_index(tmp_path: Path):
    for night in ("2026-12-01", "2026-12-02"):
        write_night(tmp_path, Night(night, "now", 1.0, (Asked("a", PASSING),)))
    assert len(history(tmp_path)["a"]) == 2
    place_of(tmp_path, "2026-12-01").unlink()
    assert [line.night for line in history(tmp_path)["a"]] == ["2026-12-02"]


def test_the_index_can_be_asked_by_others(tmp_path: Path):
    write_night(tmp_path, Night("2026-12-01", "now", 1.0, (Asked("a", PASSING, {"x": True}),)))
    history(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as index:
        assert index.execute("SELECT standing FROM asked").fetchall() == [("passed",)]


def test_the_tenth_night_of_a_day_comes_after_the_ninth(tmp_path: Path):
    for night in ("2026-12-01-10", "2026-12-01-9", "2026-12-01"):
        write_night(tmp_path, Night(night, "now", 1.0, (Asked("a", PASSING),)))
    assert [line.night[10:] for line in history(tmp_path)["a"]] == ["", "-9", "-10"]


def test_another_night_of_today_has_a_number(tmp_path: Path):
    today = new_name(tmp_path, again=False)
    assert new_name(tmp_path, again=True) == today
    write_night(tmp_path, Night(today, "now", 1.0, ()))
    assert new_name(tmp_path, again=True) == f"{today}-2"


def test_two_nights_at_once_do_not_touch_each_other(tmp_path: Path):
    with only_one(tmp_path), pytest.raises(UserError, match="a night is running there"), only_one(tmp_path):
        pass
    with only_one(tmp_path):
        pass


def test_a_night_that_was_stopped_goes_on_where_it_was(tmp_path: Path):
    wanted = settings(tmp_path)
    (first,) = wanted.entries
    both = replace(wanted, entries=(first, replace(first, name="other")))
    scripted = Scripted()

    def stopped(entry, seed, cache):
        if entry.name == "other":
            raise KeyboardInterrupt
        return scripted.gate(entry, seed, cache)

    with pytest.raises(KeyboardInterrupt):
        run_night(both, NIGHTS[0], replace(scripted.tools, gate=stopped))
    assert not place_of(both.folder, NIGHTS[0]).exists()
    assert len(scripted.gated) == 1
    night = run_night(both, NIGHTS[0], scripted.tools)
    assert [one.name for one in night.asked] == ["hotel", "other"]
    assert len(scripted.gated) == 2


def test_whatever_names_and_requests_hold_the_page_runs_nothing(tmp_path: Path):
    scripted = Scripted(libraries=lambda night: {HOSTILE: night})
    for night in NIGHTS[:2]:
        scripted.tonight = night
        nightly(settings(tmp_path), scripted.tools, night=night)
    page = (tmp_path / "nights" / "pages" / f"{NIGHTS[1]}.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    markdown = (tmp_path / "nights" / "pages" / f"{NIGHTS[1]}.md").read_text(encoding="utf-8")
    assert "<script" not in markdown


def test_a_bad_name_of_a_night_is_refused(tmp_path: Path):
    with pytest.raises(UserError, match="--night"):
        nightly(settings(tmp_path), Scripted().tools, night="../../etc")


def test_telling_a_night_again_needs_one(tmp_path: Path):
    with pytest.raises(UserError, match="there is no night"):
        nightly(settings(tmp_path), Scripted().tools, report_only=True)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(20))
def test_kill_9_at_a_random_moment_of_a_night_loses_nothing_and_shows_no_half(seed: int, tmp_path: Path):
    def work(nights: tuple[str, ...] = NIGHTS[:2]) -> None:
        scripted = Scripted()
        for night in nights:
            scripted.tonight = night
            nightly(settings(tmp_path), scripted.tools, night=night)

    work(NIGHTS[:1])  # the anchors are drawn in it, which takes longest
    before = place_of(tmp_path / "nights", NIGHTS[0]).read_bytes()
    assert killed_at_random(tmp_path, work, seed, 60) in (0, -signal.SIGKILL)
    for place in (tmp_path / "nights").glob("*.json"):
        assert json.loads(place.read_text(encoding="utf-8"))["night_version"] == 1
    work()
    assert place_of(tmp_path / "nights", NIGHTS[0]).read_bytes() == before
    assert [place.stem for place in sorted((tmp_path / "nights").glob("2026-*.json"))] == list(NIGHTS[:2])
    for night in NIGHTS[:2]:
        assert read_night(place_of(tmp_path / "nights", night)).asked[0].anchors
