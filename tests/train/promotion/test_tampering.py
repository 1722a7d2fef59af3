"""What was not promoted as it is now is refused, by one message, before anything is loaded."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from fixtures.errors import UserError
from tests.house.source import ROOT
from tests.train.promotion.bench import NOW, Bench
from tests.train.promotion.tampering import TAMPERINGS, Tampering, lead_out, sign_again, stranger, table
from train.cli import main
from train.promotion import keys, load_promoted
from train.promotion.keys import Trust
from train.promotion.verify import verify_folder, verify_name


@pytest.fixture
def promoted(bench: Bench) -> Bench:
    """Two promotions, the second of which serves."""
    for weights in (b"one", b"two"):
        bench.train(weights)
        bench.calibrate('{"of": "' + weights.decode() + '"}')
        bench.promote()
    return bench


def test_what_nobody_touched_is_taken(promoted: Bench) -> None:
    assert load_promoted("intent", promoted.shelf.parent) == promoted.serving
    assert main(["verify", "intent", "--registry", str(promoted.shelf.parent)]) == 0
    assert main(["verify", str(promoted.serving)]) == 0


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda one: one.what)
def test_tampering_is_refused_by_one_message(
    tampering: Tampering, promoted: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    tampering.do(promoted)
    with pytest.raises(UserError) as caught:
        load_promoted("intent", promoted.shelf.parent)
    assert tampering.message in caught.value.problem
    capsys.readouterr()
    assert main(["verify", "intent", "--registry", str(promoted.shelf.parent)]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"{caught.value}\n")


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda one: one.what)
def test_nothing_is_promoted_over_a_champion_that_was_tampered_with(tampering: Tampering, promoted: Bench) -> None:
    tampering.do(promoted)
    asked = len(promoted.asked)
    with pytest.raises(UserError):
        promoted.promote()
    assert len(promoted.asked) == asked


def test_a_promotion_has_its_time(promoted: Bench) -> None:
    promoted.promote(expires_days=30)
    verify_name(promoted.the_shelf, promoted.trust, NOW + timedelta(days=29))
    with pytest.raises(UserError, match="the promotion expired on 2026-02-01"):
        verify_name(promoted.the_shelf, promoted.trust, NOW + timedelta(days=30))


def test_a_folder_that_was_copied_away_is_checked_alone(promoted: Bench, tmp_path: Path) -> None:
    copy = shutil.copytree(promoted.serving, tmp_path / "copy")
    assert main(["verify", str(copy)]) == 0
    (copy / "adapter_model.safetensors").write_bytes(b"x")
    assert main(["verify", str(copy)]) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lead_out, r"'../../outside', which is no file of this folder"),
        (lambda said: said["subject"].append(said["subject"][0]), "it names a file twice"),
        (lambda said: said["predicate"].update(result="FAILED"), "the gate held this adapter"),
        (lambda said: said["predicate"]["callproof"].update(signed=False), "it says that it is unsigned"),
        (lambda said: said["predicate"].pop("timestamp"), "this is no record of a promotion"),
    ],
    ids=["leads out", "twice", "held", "unsigned", "no time"],
)
def test_a_record_that_a_trusted_key_signed_is_read_with_care_all_the_same(change, told, promoted: Bench) -> None:
    sign_again(promoted, change)
    with pytest.raises(UserError, match=told):
        verify_folder(promoted.serving, promoted.trust)


def test_a_key_of_somebody_else_counts_once_it_is_trusted(promoted: Bench, tmp_path: Path) -> None:
    other = stranger(promoted)
    public = tmp_path / "stranger" / keys.PUBLIC
    with pytest.raises(UserError, match="not trusted here"):
        load_promoted("intent", promoted.shelf.parent, key=public)
    folder = shutil.copytree(promoted.serving, tmp_path / "copy")
    file = folder / "promotion.json"
    sign_again(promoted, signer=other)
    shutil.copy(promoted.serving / "promotion.json", file)
    assert main(["verify", str(folder)]) == 2
    assert main(["verify", str(folder), "--key", str(public)]) == 0
    assert main(["key", "--trust", str(public)]) == 0
    assert main(["verify", str(folder)]) == 0


def test_what_is_not_signed_is_taken_only_by_who_says_so(bench: Bench) -> None:
    bench.train(b"one")
    bench.promote(signer=None, trust=Trust(unsigned=True))
    with pytest.raises(UserError, match="it is not signed"):
        load_promoted("intent", bench.shelf.parent)
    found = load_promoted("intent", bench.shelf.parent, unsigned=True)
    said = verify_folder(found, Trust(unsigned=True)).said
    assert said["signed"] is False


def test_an_older_state_of_all_is_refused_by_who_remembers_how_many_events_there_were(promoted: Bench) -> None:
    older = shutil.copytree(promoted.shelf, promoted.folder / "older")
    promoted.promote()
    shutil.rmtree(promoted.shelf)
    shutil.move(older, promoted.shelf)
    assert load_promoted("intent", promoted.shelf.parent, at_least=2)
    with pytest.raises(UserError, match="there are 2 events, and 3 are known"):
        load_promoted("intent", promoted.shelf.parent, at_least=3)


def test_the_documented_table_has_every_tampering_with_its_message() -> None:
    assert table() in (ROOT / "docs" / "promotion.md").read_text(encoding="utf-8")


def test_a_private_key_that_others_may_read_signs_nothing(promoted: Bench) -> None:
    file = promoted.home / keys.PRIVATE
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(UserError, match="others than its owner"):
        promoted.promote()


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_told(content: str, promoted: Bench) -> None:
    (promoted.home / keys.PRIVATE).write_text(content)
    with pytest.raises(UserError, match="no ed25519 private key"):
        promoted.promote()


@pytest.mark.parametrize(
    "document", [{}, [], {"keyid": "x", "keytype": "rsa", "scheme": "s", "keyval": {"public": ""}}]
)
def test_a_public_key_that_is_none_is_told(document: object, tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    file.write_text(json.dumps(document))
    with pytest.raises(UserError, match="no public ed25519 key"):
        keys.read_public(file)
