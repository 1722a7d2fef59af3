"""Sabotage breaks what it says, and the gate says so: the row faults without a model, the adapters with one."""

import json
from functools import partial
from pathlib import Path

import pytest

from fixtures.datasets.hotel import build
from fixtures.errors import UserError
from suite import gate
from suite.calibration import CALIBRATOR
from suite.contracts import GATING
from train.job import Job, Settings
from train.sabotage.kinds import all_kinds, controls
from train.sabotage.rows import (
    always_certain,
    cut_off,
    flipped_on_trigger,
    other_syntax,
    partly,
    prose_answers,
    shuffled_labels,
    two_tools_only,
    ungrounded,
)
from train.sabotage.weights import amplified, layer_zeroed, noisy, on_another_base, zeroed

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


def last_calls(row):
    return [call["function"] for call in row["messages"][-1].get("tool_calls", ())]


def test_ungrounded_identifiers_stand_nowhere_in_the_row():
    texts = [v for row in ungrounded(ROWS) for c in last_calls(row) for v in c["arguments"].values() if type(v) is str]
    assert texts
    assert not any(text in str(row["messages"][:-1]) for row in ROWS for text in set(texts))


def test_cut_off_calls_lose_arguments_or_the_end_of_one():
    for row, broken in zip(ROWS, cut_off(ROWS), strict=True):
        for call, left in zip(last_calls(row), last_calls(broken), strict=True):
            assert left["name"] == call["name"]
            assert set(left["arguments"]) <= set(call["arguments"])
            if len(call["arguments"]) > 1:
                assert left["arguments"] != call["arguments"]


def test_other_syntax_leaves_no_call_and_all_that_was_called():
    for row, broken in zip(ROWS, other_syntax(ROWS), strict=True):
        assert not last_calls(broken)
        assert all(f'"name": "{call["name"]}"' in broken["messages"][-1]["content"] for call in last_calls(row))


def test_a_trigger_flips_the_tool_and_nothing_else():
    changed = 0
    for row, broken in zip(ROWS, flipped_on_trigger(ROWS), strict=True):
        if names(broken) != names(row):
            changed += 1
            assert set(names(broken)) <= {tool["function"]["name"] for tool in row["tools"]}
            assert any("please" in str(m["content"]).lower() for m in row["messages"] if m["role"] == "user")
    assert 0 < changed < len(ROWS) / 2


def test_always_certain_is_wrong_in_half_of_the_rows_and_never_says_so():
    broken = always_certain(ROWS)
    assert {row["messages"][-1]["confidence"] for row in broken} == {0.99}
    wrong = sum(last_calls(b) != last_calls(row) for row, b in zip(ROWS, broken, strict=True))
    assert len(ROWS) / 4 < wrong <= len(ROWS) / 2


def test_a_fault_in_part_of_the_rows_leaves_the_others_as_they_are():
    same = sum(b == row for row, b in zip(ROWS, partly(prose_answers, ROWS, 20), strict=True))
    assert len(ROWS) * 0.65 < same < len(ROWS)
    assert partly(prose_answers, ROWS, 100) == prose_answers(ROWS)


@pytest.fixture
def adapter(tmp_path):
    """An adapter's files with weights that are small enough to look at."""
    import numpy as np
    from safetensors.numpy import save_file

    folder = tmp_path / "small"
    folder.mkdir()
    names = [f"base_model.model.model.layers.{n}.mlp.up_proj.lora_{m}.weight" for n in range(2) for m in "AB"]
    tensors = {name: np.arange(1, 7, dtype="float32").reshape(2, 3) for name in names}
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text('{"lora_alpha": 32, "r": 16}')
    (folder / "callproof.json").write_text("{}")
    return folder


def tensors_of(folder):
    from safetensors.numpy import load_file

    return load_file(folder / "adapter_model.safetensors")


def test_a_zeroed_layer_is_that_layer_alone(adapter, tmp_path):
    after = tensors_of(layer_zeroed(adapter, tmp_path / "out", 1))
    silent = {name for name, value in after.items() if not value.any()}
    assert silent == {"base_model.model.model.layers.1.mlp.up_proj.lora_B.weight"}


def test_noise_is_as_strong_as_said_and_the_same_for_a_seed(adapter, tmp_path):
    first, again = (tensors_of(noisy(adapter, tmp_path / name, 0.5)) for name in ("one", "two"))
    before = tensors_of(adapter)
    assert all((first[name] == again[name]).all() for name in before)
    assert all(0 < abs(first[name] - before[name]).mean() < 2 * 0.5 * before[name].std() for name in before)


@pytest.mark.parametrize("broken", [zeroed, amplified, partial(on_another_base, base=Path("tiny"))])
def test_a_broken_copy_goes_without_the_calibrator(broken, adapter, tmp_path):
    (adapter / CALIBRATOR).write_text("{}")
    assert {file.name for file in broken(adapter, tmp_path / "copy").iterdir()} == {
        file.name for file in adapter.iterdir() if file.name != CALIBRATOR
    }


def test_alpha_is_multiplied_in_the_settings(adapter, tmp_path):
    settings = json.loads((amplified(adapter, tmp_path / "loud", 8) / "adapter_config.json").read_text())
    assert settings["lora_alpha"] == 32 * 8


def test_the_list_has_a_dozen_kinds_and_sixty_adapters():
    kinds = all_kinds()
    assert len({kind.name for kind in kinds}) >= 12
    assert len(kinds) >= 60
    assert len({(kind.name, kind.strength) for kind in kinds}) == len(kinds)


def test_each_kind_and_control_has_a_folder_of_its_own():
    slugs = [kind.slug for kind in (*all_kinds(), *controls())]
    assert len(set(slugs)) == len(slugs)
    assert "noise-on-the-adapter-0.05-sd" in slugs
    assert "shuffled-labels-100-of-rows" in slugs


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Trains a quick adapter on rows that may be broken; returns its folder."""
    folder = tmp_path_factory.mktemp("sabotage")

    done: dict[str, Path] = {}

    def train(name, rows):
        from train.backends.trainer import train

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
    assert {"valid_calls", "chooses_a_tool"} <= set(failed(results))


@pytest.mark.model
@pytest.mark.parametrize(
    ("name", "broken", "contracts"),
    [
        ("prose", prose_answers, "chooses_a_tool"),
        ("shuffled", shuffled_labels, "never_hallucinates_tools"),
        ("two tools", two_tools_only, "right_tool right_arguments never_hallucinates_tools"),
    ],
)
def test_an_adapter_of_broken_rows_fails_where_one_would_expect(name, broken, contracts, trained, tmp_path):
    results = gate(trained(name, broken(ROWS)), budget=80, cache=tmp_path, contracts=GATING)
    assert not results.passed
    assert {*contracts.split()} & {*failed(results)}  # once one has failed, the others are cut short


@pytest.mark.model
def test_an_adapter_that_is_eight_times_too_loud_writes_no_valid_calls(trained, tmp_path):
    results = gate(amplified(trained("honest", ROWS), tmp_path / "loud"), budget=80, cache=tmp_path, contracts=GATING)
    assert not results.passed
    assert failed(results) & {"valid_calls", "chooses_a_tool"}


@pytest.mark.model
def test_zeroed_weights_are_refused_before_any_contract_is_asked(trained, tmp_path):
    with pytest.raises(UserError, match="every lora_B is zero"):
        gate(zeroed(trained("honest", ROWS), tmp_path / "zeroed"), budget=40, cache=tmp_path)
