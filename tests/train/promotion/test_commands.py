"""`python -m train history | rollback | revoke | key`, and `pytest --adapter NAME@REGISTRY`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import callproof
from fixtures.errors import UserError
from tests.house.source import ROOT
from tests.train.promotion.bench import Bench
from train.cli import main
from train.promotion import keys, load_promoted
from train.promotion.commands import rollback_target
from train.promotion.decision import Hold
from train.promotion.events import Event, read_events


@pytest.fixture
def three(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> tuple[Bench, list[str], list[str]]:
    """Three promotions: the adapters, and the releases."""
    monkeypatch.chdir(bench.folder)
    adapters, releases = [], []
    for weights in (b"one", b"two", b"three"):
        adapters.append(bench.train(weights))
        releases.append(bench.promote().made.folder.name)
    return bench, adapters, releases


def test_rollback_goes_back_one_release_at_a_time_and_is_told_in_the_history(
    three: tuple[Bench, list[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, _, releases = three
    for expected in (releases[1], releases[0]):
        assert main(["rollback", "intent", "--because", "wrong rooms"]) == 0
        assert load_promoted("intent").name == expected
    assert main(["rollback", "intent", "--because", "too far"]) == 2
    assert "no former release" in capsys.readouterr().err
    assert main(["history", "intent"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == ["rollback", "rollback", "promote", "promote", "promote"]
    assert lines[0].endswith(": wrong rooms")
    assert ["serves" in line for line in lines] == [True, False, False, False, False]


def test_a_revoked_adapter_without_a_former_release_leaves_another_promotion(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(bench.folder)
    adapter = bench.train(b"one")
    bench.promote()
    assert main(["revoke", "intent", adapter, "--because", "it leaks"]) == 0
    assert "nothing loads until: python -m train promote RUN --name intent" in capsys.readouterr().out
    assert main(["rollback", "intent", "--because", "x"]) == 2
    assert "promote another: python -m train promote RUN --name intent" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["adapter", "release"])
def test_rollback_goes_to_a_release_by_its_hash_or_that_of_its_adapter(
    kind: str, three: tuple[Bench, list[str], list[str]]
) -> None:
    _, adapters, releases = three
    to = {"adapter": adapters, "release": releases}[kind][0]
    assert main(["rollback", "intent", "--to", to, "--because", "x"]) == 0
    assert load_promoted("intent").name == releases[0]


def test_rollback_refuses_a_release_that_was_changed_and_one_that_never_was(
    three: tuple[Bench, list[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    bench, _, releases = three
    (bench.shelf / releases[1] / "adapter_model.safetensors").write_bytes(b"x")
    assert main(["rollback", "intent", "--because", "x"]) == 2
    assert "this file was changed" in capsys.readouterr().err
    assert main(["rollback", "intent", "--to", "0" * 16, "--because", "x"]) == 2
    assert "never had this release" in capsys.readouterr().err
    assert load_promoted("intent").name == releases[2]


def test_rollback_saves_a_name_whose_release_was_changed(three: tuple[Bench, list[str], list[str]]) -> None:
    bench, _, releases = three
    (bench.serving / "adapter_model.safetensors").write_bytes(b"x")
    assert main(["rollback", "intent", "--because", "the disk"]) == 0
    assert load_promoted("intent").name == releases[1]


def test_a_name_whose_alias_was_spoilt_is_saved_by_deleting_it_and_going_back(
    three: tuple[Bench, list[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    bench, _, releases = three
    (bench.shelf / "current.json").write_text("{}")
    assert main(["rollback", "intent", "--because", "x"]) == 2
    assert "delete it" in capsys.readouterr().err
    (bench.shelf / "current.json").unlink()
    assert main(["rollback", "intent", "--to", releases[2], "--because", "x"]) == 0
    assert load_promoted("intent").name == releases[2]


@pytest.mark.parametrize("options", [["--because", " "], ["--because", "x", "--wait", "nan"]], ids=["reason", "wait"])
def test_a_rollback_without_a_reason_or_with_an_endless_wait_is_refused(
    options: list[str], three: tuple[Bench, list[str], list[str]]
) -> None:
    _, _, releases = three
    assert main(["rollback", "intent", *options]) == 2
    assert load_promoted("intent").name == releases[2]


def test_a_revoked_adapter_is_not_loaded_not_gone_back_to_and_not_promoted_again(
    three: tuple[Bench, list[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    bench, adapters, releases = three
    assert main(["revoke", "intent", releases[1], "--because", "it leaks"]) == 0
    assert load_promoted("intent").name == releases[2]
    assert main(["revoke", "intent", adapters[2], "--because", "so does this"]) == 0
    assert "nothing loads until" in capsys.readouterr().out
    with pytest.raises(UserError, match="was revoked: so does this"):
        load_promoted("intent")
    assert main(["rollback", "intent", "--to", releases[1], "--because", "x"]) == 2
    assert "was revoked: it leaks" in capsys.readouterr().err
    bench.train(b"two")
    assert bench.promote().decision == Hold(("this adapter was revoked: it leaks",))
    assert bench.champions[-1] is None, "one that was revoked is nothing to be compared with"
    assert main(["rollback", "intent", "--because", "x"]) == 0
    assert load_promoted("intent").name == releases[0]


def event(release: str, sequence: int, **more: Any) -> Event:
    plain = {"name": "n", "previous": "", "kind": "promote", "record": "", "time": "", "adapter_digest": release}
    return Event(release=release, sequence=sequence, **{**plain, **more})


@pytest.mark.parametrize(
    ("releases", "revoked", "expected"),
    [("ab", "", "a"), ("abc", "", "b"), ("abc", "b", "a"), ("abcb", "", "a"), ("abb", "", "a"), ("abcbd", "", "b")],
)
def test_the_release_before_is_the_one_before_the_current_first_served(releases, revoked, expected) -> None:
    events = [event(r, n, revoked=dict.fromkeys(revoked, "x")) for n, r in enumerate(releases, 1)]
    assert rollback_target(events, "").release == expected


def test_whoever_has_nothing_of_a_name_is_told(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    registry = ["--registry", str(bench.folder / "registry")]
    for command in (["history", "intent"], ["rollback", "intent", "--because", "x"], ["verify", "intent"]):
        assert main([*command, *registry]) == 2
    assert "no such name" in capsys.readouterr().err
    assert not bench.shelf.exists()


def test_the_key_is_made_once_and_its_public_half_handed_out(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["key"]) == 0
    first = capsys.readouterr().out
    assert main(["key"]) == 0
    own = keys.read_signer(bench.home)
    assert own is not None
    assert own.public_key.keyid in first
    assert own.public_key.keyid in capsys.readouterr().out
    assert keys.read_public(bench.home / keys.PUBLIC) == own.public_key
    assert "PRIVATE" not in (bench.home / keys.PUBLIC).read_text()


def test_a_place_where_no_key_can_be_kept_is_told(bench: Bench) -> None:
    bench.home.write_text("a file")
    with pytest.raises(UserError, match="no key can be kept here"):
        keys.make_signer(bench.home)


def test_the_gate_takes_a_promoted_name_only_once_it_was_verified(three: tuple[Bench, list[str], list[str]]) -> None:
    bench, _, _ = three
    options = {"adapter": "intent@registry", "champion": None, "seed": 1}
    taken = {**options, "adapter": str(Path("registry", "intent", bench.serving.name))}
    assert callproof._checked(options) == taken
    for plain in ("none", "owner/name@registry", "intent@nowhere", None):
        assert callproof._checked({**options, "adapter": plain})["adapter"] == plain
    shutil.rmtree(bench.serving)
    with pytest.raises(pytest.UsageError, match="there is no such folder"):
        callproof._checked(options)


def test_pytest_refuses_a_promoted_name_that_was_tampered_with(three: tuple[Bench, list[str], list[str]]) -> None:
    bench, _, _ = three
    alias = json.loads((bench.shelf / "current.json").read_text())
    (bench.shelf / "current.json").write_text(json.dumps({**alias, "adapter": "../../x"}))
    command = [sys.executable, "-c", "import callproof; raise SystemExit(callproof.main())", "gate", "intent@registry"]
    done = subprocess.run(
        command, cwd=bench.folder, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert "is what was signed" in done.stderr
    assert "Traceback" not in done.stderr


def test_events_of_a_name_follow_on_each_other(three: tuple[Bench, list[str], list[str]]) -> None:
    bench, _, _ = three
    events = read_events(bench.the_shelf, bench.trust)
    assert [one.previous for one in events] == ["", *(one.digest for one in events[:-1])]
