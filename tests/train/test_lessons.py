"""Rows of what the gating contracts ask: whose requests, with right answers, in words that the exam does not have."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from fixtures.catalogs import load_catalog
from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import Fallback
from fixtures.vocab import split_of, words
from suite.contracts import GATING
from suite.contracts.arbitrates_between_tools import arbitrates_between_tools
from suite.exam.scene import Scene
from suite.lanes.known import Corpus
from train import cli, lessons
from train.lessons import fresh, has_answer, is_writable
from train.rows.data import read_rows
from train.rows.leaks import exam_requests

SCENE = Scene((), words=words("train"))
NEVER = next(c for c in GATING if c.name == "never_hallucinates_tools")


@pytest.fixture
def no_exam(monkeypatch):
    """Without the two thousand cases of the exam, which take seconds to draw."""
    monkeypatch.setattr(lessons, "exam_of", lambda *exam: [])


def run(*options: object) -> int:
    return cli.main(["lessons", *map(str, options)])


def test_every_gating_contract_is_asked_in_turn():
    counts = Counter(contract.name for contract, _ in fresh(GATING, SCENE, 41, "seed"))
    assert set(counts) == {contract.name for contract in GATING}
    assert max(counts.values()) - min(counts.values()) <= 5


def test_the_same_seed_draws_the_same_and_another_seed_does_not():
    first, again, other = ([case.messages for _, case in fresh(GATING, SCENE, 8, seed)] for seed in ("1", "1", "2"))
    assert first == again
    assert first != other


def test_words_are_those_of_the_split_and_not_of_the_gate():
    gate = set(words("gate").nouns) | set(words("gate").values)
    drawn = fresh([NEVER], SCENE, 40, "seed")
    names = {part for _, case in drawn for tool in case.catalog.names for part in tool.replace(".", "_").split("_")}
    assert names
    assert not {name for name in names if name in gate and split_of(name) == "gate"}


def test_a_request_of_the_exam_or_the_corpus_is_replaced_by_another(tmp_path):
    drawn = [case for _, case in fresh([NEVER], SCENE, 12, "seed")]
    Corpus(tmp_path).keep(NEVER.name, drawn[1])
    left = [case.request for _, case in fresh([NEVER], SCENE, 12, "seed", exam_requests([drawn[0]], tmp_path))]
    assert left[:10] == [case.request for case in drawn[2:]]
    assert len(left) == 12


def test_where_a_fallback_is_wanted_no_row_abstains():
    drawn = [case for _, case in fresh([NEVER], SCENE, 40, "seed")]
    nothing = next(case for case in drawn if case.oracle.calls == ())
    assert has_answer(nothing)
    assert not has_answer(replace(nothing, catalog=replace(nothing.catalog, policy=Fallback("help"))))


def test_rows_are_for_the_catalogs_that_are_named_and_every_backend_takes_them(tmp_path, no_exam, capsys):
    out = tmp_path / "rows.jsonl"
    assert run("--rows", 60, "--tools", "tuya", "--out", out) == 0
    assert "60 rows in" in capsys.readouterr().out
    checked = read_rows(out, load_format("functiongemma"))
    assert (len(checked.rows), checked.faults) == (60, ())
    asked = {tool["function"]["name"] for row in checked.rows for tool in row.tools}
    assert asked & set(load_catalog("tuya").catalog.names)


def test_one_contract_can_be_asked_alone(tmp_path, no_exam):
    out = tmp_path / "rows.jsonl"
    assert run("--rows", 30, "--contract", NEVER.name, "--out", out) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert any("tool_calls" not in row["messages"][-1] for row in rows)


def test_with_nothing_made_up_all_tools_are_those_given_or_called_nearly_so(tmp_path, no_exam):
    out = tmp_path / "rows.jsonl"
    assert run("--rows", 30, "--tools", "tuya", "--made-up", 0, "--out", out) == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    told = {tool["function"]["name"] for row in rows for tool in row["tools"]}
    assert told
    assert all(name.startswith("tuya.") for name in told)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--rows", 0), "must be at least 1"),
        (("--contract", "valid_cals"), "--contract valid_calls"),
        (("--made-up", 101), "0 to 100"),
        (("--tools", "no_such_catalog"), "no_such_catalog"),
    ],
)
def test_bad_input_is_one_error_and_leaves_no_file(options, said, tmp_path, capsys):
    out = tmp_path / "rows.jsonl"
    assert run(*options, "--out", out) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_contracts_without_an_answer_to_write_are_refused_after_a_while():
    wordless = replace(NEVER, draw=lambda scene, chooser: _unknown(NEVER.draw(scene, chooser)))
    with pytest.raises(UserError, match="0 rows of 2"):
        fresh([wordless], SCENE, 2, "seed")


def _unknown(case):
    return replace(case, oracle=replace(case.oracle, calls=None))


def test_what_pyproject_says_of_the_exam_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pyproject.toml").write_text('[tool.callproof]\ncatalog = ["tuya"]\nmade_up = 0\nseed = 7\n')
    asked = []

    def exam_of(settings, form):
        asked.append((settings.seed, settings.catalog, settings.made_up, settings.as_deployed))
        return []

    monkeypatch.setattr(lessons, "exam_of", exam_of)
    assert run("--rows", 10, "--out", "rows.jsonl") == 0
    assert run("--rows", 10, "--gate-seed", 8, "--tools", "hotel_lights", "--made-up", 20, "--out", "more.jsonl") == 0
    assert asked == [(7, ("tuya",), 0, 50), (8, ("hotel_lights",), 20, 50)]


def test_only_what_the_format_can_write_becomes_a_lesson() -> None:
    llama = load_format("llama3")
    fitting = [case for _, case in fresh([arbitrates_between_tools], SCENE, 30, "seed", form=llama)]
    assert all(is_writable(case, llama) for case in fitting)
    assert not all(is_writable(case, llama) for _, case in fresh([arbitrates_between_tools], SCENE, 30, "seed"))
