"""Sabotage breaks what it says, and the gate says so: the row faults without a model, the adapters with one."""

import json
from pathlib import Path

import pytest

from fixtures.datasets.hotel import build
from fixtures.errors import UserError
from suite import gate
from suite.contracts import CONTRACTS
from train.job import Job, Settings
from train.sabotage import amplified, prose_answers, shuffled_labels, two_tools_only, zeroed

GATING = tuple(c for c in CONTRACTS if c.bar.gating)  # the others are only measured, and take as long again
ROWS = build(120, seed=3, split="train")


def names(row):
    return [call["function"]["name"] for call in row["messages"][-1].get("tool_calls", ())]


def test_shuffled_labels_are_the_same_answers_elsewhere():
    broken = shuffled_labels(ROWS)
    assert sorted(map(str, (r["messages"][-1] for r in broken))) == sorted(str(r["messages"][-1]) for r in ROWS)
    undeclared = sum(not set(names(r)) <= {t["function"]["name"] for t in r["tools"]} for r in broken)
    assert undeclared > len(ROWS) / 2


def test_prose_answers_call_nothing():
    broken = prose_answers(ROWS)
    assert len(broken) == len(ROWS)
    assert not any("tool_calls" in message for row in broken for message in row["messages"])


def test_two_tools_only_leaves_two_tools():
    broken = two_tools_only(ROWS)
    assert len(broken) == len(ROWS)
    assert len({tuple(names(row)) for row in broken}) == 2


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Trains a quick adapter on rows that may be broken; returns its folder."""
    folder = tmp_path_factory.mktemp("sabotage")

    done: dict[str, Path] = {}

    def train(name, rows):
        from train.trainer import train

        if name in done:
            return done[name]
        data = folder / f"{name}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        settings = Settings(epochs=1.5)
        done[name] = train(Job(backend="trainer", data=data, out=folder / name, settings=settings, trust_calls=True))
        return done[name]

    return train


def failed(results):
    return {c.name for c in results.contracts if c.verdict.name == "fail"}


@pytest.mark.model
def test_the_bare_base_fails(tmp_path):
    results = gate("none", base="tiny", budget=80, cache=tmp_path, contracts=GATING)
    assert not results.passed
    assert "never_hallucinates_tools" in failed(results)


@pytest.mark.model
@pytest.mark.parametrize(
    ("name", "broken", "contract"),
    [
        ("prose", prose_answers, "chooses_a_tool"),
        ("shuffled", shuffled_labels, "never_hallucinates_tools"),
        ("two tools", two_tools_only, "never_hallucinates_tools"),
    ],
)
def test_an_adapter_of_broken_rows_fails_where_one_would_expect(name, broken, contract, trained, tmp_path):
    results = gate(trained(name, broken(ROWS)), budget=80, cache=tmp_path, contracts=GATING)
    assert not results.passed
    assert contract in failed(results)


@pytest.mark.model
def test_an_adapter_that_is_eight_times_too_loud_writes_no_valid_calls(trained, tmp_path):
    results = gate(amplified(trained("honest", ROWS), tmp_path / "loud"), budget=80, cache=tmp_path, contracts=GATING)
    assert not results.passed
    assert failed(results) & {"valid_calls", "chooses_a_tool"}


@pytest.mark.model
def test_zeroed_weights_are_refused_before_any_contract_is_asked(trained, tmp_path):
    with pytest.raises(UserError, match="every lora_B is zero"):
        gate(zeroed(trained("honest", ROWS), tmp_path / "zeroed"), budget=40, cache=tmp_path)
