"""The record of a promotion says all that the verdict rests on, in the form that other readers know."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from huggingface_hub import ModelCard
from jsonschema import Draft202012Validator

from fixtures.errors import UserError
from suite.outcome import Never, OwnReport, Rate
from tests.train.promotion.bench import NOW, Bench, contract, results
from train.promotion.card import card_of
from train.promotion.decision import Hold, decide
from train.promotion.envelope import EVENT, STATEMENT, seal, unseal
from train.promotion.keys import Trust
from train.promotion.record import Facts, check, schema, statement_of, suite_digest
from train.promotion.verify import verify_folder

FACTS = Facts("intent", NOW, signed=True, manifest={"data_digest": "d" * 16, "backend": "sft"}, base_revision="r1")


def statement(*contracts: Any, **facts: Any) -> dict[str, Any]:
    gated = results(contracts or (contract("pass"),))
    given = Facts(**{**{name: getattr(FACTS, name) for name in Facts.__slots__}, **facts})
    return statement_of(gated, decide(gated), {"README.md": "0" * 64}, given)


def test_the_schema_is_one_and_a_record_keeps_it() -> None:
    Draft202012Validator.check_schema(schema())
    check(statement(), "here")
    for name in ("subject", "predicate"):
        with pytest.raises(UserError, match="no record of a promotion"):
            check({key: value for key, value in statement().items() if key != name}, "here")


def test_a_promotion_passed_and_names_what_was_tested() -> None:
    predicate = statement(contract("pass"), contract("measured", gating=False))["predicate"]
    assert (predicate["result"], predicate["timestamp"]) == ("PASSED", "2026-01-02T03:04:05+00:00")
    tests = {name: predicate[name] for name in ("passedTests", "warnedTests", "failedTests")}
    assert tests == {"passedTests": ["c_pass"], "warnedTests": [], "failedTests": []}
    assert [one["name"] for one in predicate["configuration"]] == ["callproof gate of intent", "catalog lamps"]


def test_undecided_has_failed_and_says_why() -> None:
    predicate = statement(contract("undecided"), contract("fail", gating=False))["predicate"]
    assert (predicate["result"], predicate["failedTests"], predicate["warnedTests"]) == (
        "FAILED", ["c_undecided"], ["c_fail"],
    )  # fmt: skip
    assert predicate["callproof"]["undecided"] == {"c_undecided": "because"}
    assert predicate["callproof"]["held"] == ["c_undecided: undecided, because"]


def test_the_extension_has_every_input_of_the_verdict() -> None:
    said = statement(expires_days=30, because="a reason", replaces="e" * 16)["predicate"]["callproof"]
    assert said["base"] == {"name": "tiny", "revision": "r1", "digest": "b" * 16}
    assert said["format"] == {"name": "functiongemma", "digest": "f" * 16}
    assert said["catalogs"] == {"lamps": "c" * 16}
    assert (said["because"], said["replaces"], said["expires"]) == ("a reason", "e" * 16, "2026-02-01T03:04:05+00:00")
    assert said["data"]["data_digest"] == "d" * 16
    assert said["suite"]["digest"] == suite_digest()
    assert said["contracts"][0]["bar"] == {"kind": "never", "bound": 0.01, "gating": True}
    assert said["contracts"][0]["held_rate"]["low"] == 0.7
    assert said["sampling"]["risks"] == {"alpha": 0.05, "beta": 0.05}


def test_the_policy_has_a_hash_that_any_bar_changes() -> None:
    hashes = {
        statement(contract("pass", bar=bar))["predicate"]["callproof"]["policy"]["sha256"]
        for bar in (Never(), Never(0.02), Rate(0.9), Never())
    }
    assert len(hashes) == 3


def test_own_cases_stand_in_it_by_hash() -> None:

    gated = replace(results([contract("pass")]), own=OwnReport({"mine.jsonl": "1" * 16}, 3, 0, 3))
    said = statement_of(gated, decide(gated), {"README.md": "0" * 64}, FACTS)["predicate"]["callproof"]
    assert said["cases"] == {"mine.jsonl": "1" * 16}


def test_the_subjects_are_all_other_files_of_the_folder(bench: Bench) -> None:
    bench.train(b"one")
    folder = bench.promote().made.folder
    listed = verify_folder(folder, bench.trust).statement["subject"]
    there = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    del there["promotion.json"]
    assert {one["name"]: one["digest"]["sha256"] for one in listed} == there


def test_the_record_of_what_was_held_is_signed_too(bench: Bench) -> None:
    bench.train(b"one")
    bench.verdict = "undecided"
    done = bench.promote()
    assert isinstance(done.decision, Hold)
    sealed = json.loads((done.made.folder / "promotion.json").read_text())
    opened = unseal(sealed, STATEMENT, bench.trust, "here")
    assert opened.document["predicate"]["result"] == "FAILED"
    assert {one["name"] for one in opened.document["subject"]} == {"adapter_model.safetensors", "adapter_config.json"}


def test_the_signature_is_one_that_others_check_by_the_published_rules(bench: Bench) -> None:
    """DSSE v1, section "signature definition": what is signed is PAE(type, body)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    bench.train(b"one")
    sealed = json.loads((bench.promote().made.folder / "promotion.json").read_text())
    body, kind = base64.b64decode(sealed["payload"]), sealed["payloadType"]
    assert kind == "application/vnd.in-toto+json"
    public = json.loads((bench.home / "key.pub.json").read_text())["keyval"]["public"]
    signed = f"DSSEv1 {len(kind)} {kind} {len(body)} ".encode() + body
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(
        base64.b64decode(sealed["signatures"][0]["sig"]), signed
    )


def test_a_document_of_one_kind_does_not_pass_for_one_of_another() -> None:
    sealed = seal({"a": 1}, EVENT, None)
    assert unseal(sealed, EVENT, Trust(unsigned=True), "here").document == {"a": 1}
    with pytest.raises(UserError, match="which is something else"):
        unseal(sealed, STATEMENT, Trust(unsigned=True), "here")


@pytest.mark.parametrize(
    "sealed",
    [None, [], {}, {"payload": 1}, {"payload": "", "payloadType": EVENT, "signatures": [{}]}, "text"],
    ids=repr,
)
def test_what_is_no_envelope_is_told(sealed: object) -> None:
    with pytest.raises(UserError, match="no signed envelope"):
        unseal(sealed, EVENT, Trust(unsigned=True), "here")


@pytest.mark.parametrize("text", ["", "[1]", '{"a": NaN}', '{"a": 1, "a": 2}'])
def test_what_is_signed_must_be_an_object_that_all_read_alike(text: str) -> None:
    sealed = {"payload": base64.b64encode(text.encode()).decode(), "payloadType": EVENT, "signatures": []}
    with pytest.raises(UserError, match="no JSON object"):
        unseal(sealed, EVENT, Trust(unsigned=True), "here")


def test_the_card_is_one_that_the_hub_reads_with_the_figures_of_the_gate() -> None:
    gated = results([contract("pass"), contract("measured", gating=False)])
    card = ModelCard(card_of(gated, FACTS))
    data: Any = card.data
    assert data.library_name == "peft"
    found = data.eval_results
    assert [(one.metric_name, one.metric_value) for one in found] == [("c_pass", 1.0), ("c_measured", 1.0)]
    assert found[0].metric_args["low"] == 0.7
    for heading in ("Intended use", "Limits", "How to serve it", "How it was made"):
        assert f"## {heading}" in card.text
    assert "| c_pass | yes | pass | 100.0 % | 70.0 % to 100.0 % | 10 |" in card.text


def test_names_from_outside_break_nothing_in_the_card() -> None:
    hostile = {"data_digest": "x|y\n# Title <script>`", "backend": "a\nb"}
    text = card_of(results([contract("pass")]), Facts("intent", NOW, signed=True, manifest=hostile))
    assert "\n# Title" not in text
    assert "<script>" not in text
