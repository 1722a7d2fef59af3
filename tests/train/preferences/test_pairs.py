"""What a pair chooses keeps the contracts, what it rejects breaks the one that its kind names; the seed decides all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fixtures.answers import CONFIDENCE
from fixtures.datasets.hotel import build
from fixtures.formats import load_format
from fixtures.rows.reading import Row
from suite.contracts.chooses_a_tool import chooses_a_tool
from suite.contracts.grounded_arguments import grounded_arguments
from suite.contracts.knows_when_nothing_fits import knows_when_nothing_fits
from suite.contracts.never_hallucinates_tools import never_hallucinates_tools
from suite.contracts.right_tool import right_tool
from suite.contracts.valid_calls import valid_calls
from suite.judging.contract import Contract
from suite.outcome import Broken
from suite.reply import Generation, Reply
from tests.miniature import TINY_FORMATS
from tests.train.making import good, write
from train.cli import main
from train.preferences.judging import JUDGES, broken, written
from train.preferences.negatives import CERTAIN, DOUBTFUL, WAYS
from train.preferences.pairs import (
    OWN_FAILURE,
    Pair,
    build_pairs,
    case_of_row,
    ends_once,
    own_failures,
    shared_catalogs,
    wire_of,
)
from train.rows.data import read_rows

BREAKS: dict[str, tuple[Contract, ...]] = {
    "near_miss_tool": (right_tool,),
    "invented_tool": (never_hallucinates_tools, knows_when_nothing_fits),
    "forced_tool": (knows_when_nothing_fits,),
    "refusal": (chooses_a_tool, right_tool),
    "broken_syntax": (valid_calls,),
    "ungrounded_value": (grounded_arguments,),
    "wrong_arbitration": (right_tool,),
    "overconfident_wrong": (right_tool,),
    "underconfident_right": (),
}
"""By kind, the contracts that what is rejected must break."""


@cache
def hotel_rows(count: int = 160) -> tuple[Row, ...]:
    made = build(count, 5, "train")
    return tuple(Row(n, tuple(r["messages"]), tuple(r["tools"]), r["kind"]) for n, r in enumerate(made, 1))


@cache
def pairs(form: str) -> tuple[Pair, ...]:
    return build_pairs(hotel_rows(), load_format(form), shared_catalogs(), seed=0, per_row=3).pairs


def replies(pair: Pair, form: str) -> tuple[Reply, Reply]:
    """The chosen and the rejected answer as replies."""
    wire = load_format(form)
    chosen, rejected = (
        written(wire_of(pair.row, answer, wire), wire) for answer in (pair.row.messages[-1], pair.rejected)
    )
    return chosen, rejected


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_every_kind_is_built_that_the_format_can_show(form: str) -> None:
    confident = {"overconfident_wrong", "underconfident_right"}
    expected = set(WAYS) - (set() if load_format(form).verbalises_confidence else confident)
    assert {pair.kind for pair in pairs(form)} == expected == set(BREAKS) & expected


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_what_is_chosen_is_right_and_what_is_rejected_breaks_what_its_kind_names(form: str) -> None:
    for pair in pairs(form):
        case = case_of_row(pair.row)
        chosen, rejected = replies(pair, form)
        assert broken(case, chosen) == (), pair
        for contract in BREAKS[pair.kind]:
            assert isinstance(contract.judge(case, rejected), Broken), (pair.kind, contract.name, rejected.raw)
        if pair.kind == "underconfident_right":
            assert broken(case, rejected) == ()


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_both_answers_end_with_the_formats_stop_token_once(form: str) -> None:
    for pair in pairs(form):
        assert all(ends_once(reply.raw, load_format(form)) for reply in replies(pair, form)), pair


def test_only_broken_syntax_cannot_be_read_and_only_it_stands_as_wire_text() -> None:
    for form in TINY_FORMATS:
        for pair in pairs(form):
            _, rejected = replies(pair, form)
            readable = rejected.parsed.status in ("clean", "no_call")
            assert readable is (pair.kind != "broken_syntax") is ("wire" not in pair.rejected), pair


def test_confidence_is_what_its_kind_says_and_elsewhere_that_of_the_right_answer() -> None:
    for pair in pairs("intent_json"):
        chosen, rejected = (reply.parsed.confidence for reply in replies(pair, "intent_json"))
        assert (
            chosen
            == CONFIDENCE[
                {"stressed": "clear", "several": "clear", "correction": "clear"}.get(pair.row.kind, pair.row.kind)
            ]
        )
        if pair.kind == "overconfident_wrong":
            assert rejected == CERTAIN
        elif pair.kind == "underconfident_right":
            assert rejected in DOUBTFUL
        elif pair.kind != "broken_syntax":
            assert rejected == chosen


def test_an_answer_without_a_confidence_gets_the_one_that_its_kind_deserves() -> None:
    row = good()
    plain = Row(1, tuple(row["messages"]), tuple(row["tools"]), "ambiguous")
    (pair, *_) = build_pairs([plain], load_format("intent_json"), [], seed=0, per_row=1).pairs
    assert pair.row.messages[-1]["confidence"] == CONFIDENCE["ambiguous"]


def test_the_losing_tool_is_one_that_the_catalog_says_could_serve_too() -> None:
    rivals = [set(shared.tools) for catalog in shared_catalogs() for shared in catalog.shared]
    found = [pair for pair in pairs("functiongemma") if pair.kind == "wrong_arbitration"]
    assert found
    for pair in found:
        (right,), (wrong,) = (
            [call["function"]["name"] for call in answer["tool_calls"]]
            for answer in (pair.row.messages[-1], pair.rejected)
        )
        assert any({right, wrong} <= tools for tools in rivals)


def test_near_misses_are_declared_tools_and_names_that_nobody_declares() -> None:
    declared = set()
    for pair in pairs("functiongemma"):
        if pair.kind == "near_miss_tool":
            names = set(case_of_row(pair.row).catalog.names)
            declared.add({call["function"]["name"] for call in pair.rejected["tool_calls"]} <= names)
    assert declared == {True, False}


def test_the_seed_decides_the_pairs() -> None:
    def built(seed: int) -> Sequence[Any]:
        form = load_format("intent_json")
        return [
            pair.as_json()
            for pair in build_pairs(hotel_rows()[:40], form, shared_catalogs(), seed=seed, per_row=2).pairs
        ]

    assert built(3) == built(3)
    assert built(3) != built(4)


def test_kinds_are_as_even_as_the_rows_allow() -> None:
    counted = [
        pair.kind for pair in build_pairs(hotel_rows(), load_format("functiongemma"), [], seed=0, per_row=1).pairs
    ]
    everywhere = [counted.count(kind) for kind in ("near_miss_tool", "refusal", "broken_syntax")]
    assert len(counted) == len(hotel_rows())
    assert max(everywhere) - min(everywhere) <= 1


def test_a_row_whose_own_answer_breaks_a_contract_gives_no_pair() -> None:
    rows = [good(), good()]
    rows[1]["messages"][1]["tool_calls"][0]["function"]["arguments"]["room"] = "dev_001"
    given = [Row(n, tuple(r["messages"]), tuple(r["tools"])) for n, r in enumerate(rows, 1)]
    built = build_pairs(given, load_format("functiongemma"), [], seed=0, per_row=2)
    assert {pair.row.line for pair in built.pairs} == {1}
    assert built.unfit == {"grounded_arguments": 1}


def test_an_adapters_failures_are_rejected_as_it_said_them_and_its_good_replies_are_not() -> None:
    form = load_format("functiongemma")
    row = hotel_rows()[0]
    right = wire_of(row, row.messages[-1], form)
    said = [right, "Hm<end_of_turn>", "Hm<end_of_turn>", "<start_function_call>call:x{<end_of_turn>", "no end"]
    made = own_failures([row], [[Reply(Generation(text, (), "stop"), form.parse(text)) for text in said]], form)
    assert [pair.rejected["wire"][form.name] for pair in made] == [said[1], said[3]]
    assert {pair.kind for pair in made} == {OWN_FAILURE}


def test_the_command_writes_what_reads_back_as_the_same_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "pairs.jsonl"
    assert main(["pairs", "--rows", "30", "--seed", "2", "--format", "intent_json", "--out", str(out)]) == 0
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert f"{len(lines)} pairs in {out}" in capsys.readouterr().out
    assert {frozenset(line) for line in lines} == {frozenset(("prompt", "chosen", "rejected", "tools", "kind"))}
    read = read_rows(out, load_format("intent_json"))
    assert read.faults == ()
    assert [Pair(row, row.rejected or {}, row.kind).as_json() for row in read.rows] == lines


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "from one of the two"),
        (["DATA", "--rows", "3"], "from one of the two"),
        (["DATA", "--per-row", "0"], "--per-row"),
        (["DATA", "--samples", "-1"], "--samples"),
        (["DATA", "--temperature", "0"], "--temperature"),
        (["--rows", "0"], "--rows"),
        (["DATA", "--adapter", "no-such-run"], "no-such-run"),
    ],
    ids=str,
)
def test_bad_options_are_told_and_nothing_is_written(
    options: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = str(write(tmp_path / "rows.jsonl", [good()]))
    out = tmp_path / "pairs.jsonl"
    given = [data if option == "DATA" else option for option in options]
    assert main(["pairs", *given, "--out", str(out)]) == 2
    assert told in capsys.readouterr().err
    assert not out.exists()


def test_the_judges_say_of_a_right_answer_that_it_is_good_and_name_each_other_fault() -> None:
    form = load_format("functiongemma")
    row = good()
    asked = Row(1, tuple(row["messages"]), tuple(row["tools"]))
    case, right = case_of_row(asked), wire_of(asked, asked.messages[-1], form)
    faulty = {
        "valid_calls": right.replace("<end_function_call>", ""),
        "never_hallucinates_tools": right.replace("set_lamp", "set_lamps"),
        "right_tool": "No.<end_of_turn>",
        "right_arguments": right.replace("room:<escape>lobby<escape>", "on:true,room:<escape>lobby<escape>"),
        "grounded_arguments": right.replace("lobby", "cellar"),
        "stops_and_stays_short": f"Sure! {right}",
    }
    assert broken(case, written(right, form)) == ()
    assert set(faulty) == {contract.name for contract in JUDGES}
    for name, text in faulty.items():
        assert name in broken(case, written(text, form)), name
