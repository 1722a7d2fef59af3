"""An adapter takes a name only if every gating contract passed, and only if it is the one that was gated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fixtures.errors import UserError
from suite.calibration import CALIBRATOR
from suite.outcome import Rate, VerdictName
from suite.settings import Settings
from tests.train.promotion.bench import NOW, Bench, weights_digest
from train.promotion.decision import Hold, Promote
from train.promotion.events import read_events
from train.promotion.promote import identify_champion
from train.promotion.verify import verify_name

WHOLE = {
    "README.md", "adapter_config.json", "adapter_model.safetensors", "chat_template.jinja", "promotion.json",
    "results.json", "tokenizer.json",
}  # fmt: skip


def test_a_pass_copies_the_adapter_and_moves_the_alias(bench: Bench) -> None:
    digest = bench.train(b"one")
    done = bench.promote()
    assert done.decision == Promote(digest)
    plain = {name: value for name, value in bench.current().items() if name != "event"}
    assert plain == {
        "name": "intent",
        "adapter_digest": digest,
        "adapter": done.made.folder.name,
        "results": f"{done.made.folder.name}/results.json",
        "promoted": "2026-01-02T03:04:05+00:00",
        "sequence": 1,
    }
    assert {file.name for file in done.made.folder.iterdir()} == WHOLE
    assert weights_digest(done.made.folder) == digest
    seen = {path.name for path in bench.shelf.iterdir() if not path.name.startswith(".")}
    assert seen == {done.made.folder.name, "current.json", "history"}
    assert verify_name(bench.the_shelf, bench.trust, NOW).folder == done.made.folder


def test_the_adapter_that_serves_is_the_champion_of_the_next(bench: Bench) -> None:
    bench.train(b"one")
    first = bench.promote().made.folder
    bench.train(b"two")
    done = bench.promote()
    assert bench.champions == [None, first]
    assert done.before == first


@pytest.mark.parametrize("text", ["{}", "[]", "no JSON"])
def test_an_alias_that_cannot_be_read_is_told(text: str, bench: Bench) -> None:
    bench.train(b"one")
    bench.promote()
    (bench.shelf / "current.json").write_text(text)
    with pytest.raises(UserError, match="cannot be read"):
        bench.promote()


@pytest.mark.parametrize("verdict", ["fail", "undecided"])
def test_a_hold_leaves_the_champion_and_keeps_the_challenger_with_its_results(
    verdict: VerdictName, bench: Bench
) -> None:
    champion = bench.train(b"one")
    bench.promote()
    challenger = bench.train(b"two")
    bench.verdict = verdict
    done = bench.promote()
    assert isinstance(done.decision, Hold)
    assert bench.current()["adapter_digest"] == champion
    assert done.made.folder == bench.shelf / "held" / challenger
    assert weights_digest(done.made.folder) == challenger
    for file in (done.made.folder / "results.json", bench.run / "results.json"):
        assert json.loads(file.read_text())["identity"]["adapter_digest"] == challenger


def test_a_second_promotion_keeps_the_first_adapter_on_the_shelf(bench: Bench) -> None:
    first = bench.train(b"one")
    place = bench.promote().made.folder
    second = bench.train(b"two")
    bench.promote()
    assert bench.current()["adapter_digest"] == second
    assert weights_digest(place) == first


def test_promoting_the_same_adapter_again_leaves_its_folder_as_it_is(bench: Bench) -> None:
    bench.train(b"one")
    first = bench.promote().made.folder / "adapter_model.safetensors"
    before = first.stat().st_ino
    bench.promote()
    assert first.stat().st_ino == before
    assert [event.sequence for event in read_events(bench.the_shelf, bench.trust)] == [1, 2]


def test_a_champion_that_was_changed_is_told_with_what_to_do(bench: Bench) -> None:
    bench.train(b"one")
    (bench.promote().made.folder / "adapter_model.safetensors").write_bytes(b"spoilt")
    with pytest.raises(UserError, match="the champion") as caught:
        bench.promote()
    assert "rollback intent" in caught.value.hint


def test_a_spoilt_copy_of_the_same_promotion_is_replaced_once_the_alias_is_gone(bench: Bench) -> None:
    bench.train(b"one")
    place = bench.promote().made.folder
    (place / "adapter_model.safetensors").write_bytes(b"spoilt")
    for gone in (bench.shelf / "current.json", bench.shelf / "history" / "000001.json"):
        gone.unlink()
    assert bench.promote().made.folder == place
    verify_name(bench.the_shelf, bench.trust, NOW)


@pytest.mark.parametrize("moment", ["during_gate", "during_copy"])
def test_an_adapter_that_changed_meanwhile_is_refused(moment: str, bench: Bench) -> None:
    bench.train(b"one")
    setattr(bench, moment, lambda: bench.train(b"two"))
    with pytest.raises(UserError, match="changed while"):
        bench.promote()
    assert not (bench.shelf / "current.json").exists()


def test_a_champion_that_changed_meanwhile_is_not_written_over(bench: Bench) -> None:
    bench.train(b"one")
    bench.promote()
    older = (bench.shelf / "current.json").read_text()
    bench.during_gate = (bench.shelf / "current.json").unlink
    bench.train(b"two")
    (bench.shelf / "history" / "000001.json").unlink()  # killed in between: the alias alone has the event
    with pytest.raises(UserError, match="the champion changed"):
        bench.promote()
    (bench.shelf / "current.json").write_text(older)
    bench.during_gate = lambda: None
    assert bench.promote().before is not None


def test_a_calibrator_goes_with_its_adapter_and_is_replaced_or_dropped_with_it(bench: Bench) -> None:
    bench.train(b"one")
    for content in ("first", "second", ""):
        if content:
            bench.calibrate(content)
        else:
            (bench.run / "adapter" / CALIBRATOR).unlink()
        place = bench.promote().made.folder / CALIBRATOR
        assert (place.read_text() if place.is_file() else "") == content


@pytest.mark.parametrize("moment", ["during_gate", "during_copy"])
@pytest.mark.parametrize("before", ["first", ""])
def test_a_calibrator_that_changed_meanwhile_is_refused(before: str, moment: str, bench: Bench) -> None:
    bench.train(b"one")
    if before:
        bench.calibrate(before)
    setattr(bench, moment, lambda: bench.calibrate("second"))
    with pytest.raises(UserError, match="its calibrator changed"):
        bench.promote()
    assert not (bench.shelf / "current.json").exists()


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "a b", "x" * 65], ids=repr)
def test_a_name_that_cannot_be_a_folder_is_refused_before_the_gate_runs(name: str, bench: Bench) -> None:
    bench.train(b"one")
    with pytest.raises(UserError, match="--name"):
        bench.promote(name)
    assert bench.asked == []


def test_a_weaker_policy_holds_until_somebody_says_why_and_the_record_has_both(bench: Bench) -> None:
    bench.train(b"one")
    bench.bar = Rate(0.95)
    bench.promote()
    bench.train(b"two")
    bench.bar = Rate(0.9)
    held = bench.promote().decision
    weakened = "c_pass: at_least was 0.95, is 0.9"
    assert held == Hold((f"the policy is weaker than that of the last promotion: {weakened}",))
    assert isinstance(bench.promote(because="new rooms").decision, Promote)
    found = verify_name(bench.the_shelf, bench.trust, NOW)
    assert (found.said["weakened"], found.said["because"]) == ([weakened], "new rooms")
    assert found.statement["predicate"]["result"] == "WARNED"


def test_deleting_the_alias_does_not_hide_the_last_policy(bench: Bench) -> None:
    bench.train(b"one")
    bench.bar = Rate(0.95)
    bench.promote()
    (bench.shelf / "current.json").unlink()
    bench.bar = Rate(0.9)
    assert isinstance(bench.promote().decision, Hold)
    assert bench.champions == [None, None]


def test_a_champion_that_cannot_be_asked_any_more_says_how_to_go_on_without_it(tmp_path: Path) -> None:
    gone = tmp_path / "intent" / "an-adapter"
    with pytest.raises(UserError, match=r"the champion: .*an-adapter") as caught:
        identify_champion(gone, Settings())
    assert str(tmp_path / "intent" / "current.json") in caught.value.hint
