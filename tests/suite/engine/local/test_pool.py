"""Several processes answer like one, and end with the engine, whatever happens to them."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import pytest

from fixtures.errors import UserError
from suite.engine import identify
from suite.engine.local import pool as pool_module
from suite.engine.local.pool import PooledEngine, processes_for

TARGET = identify(None, "tiny", None)
HOME = "tests.suite.engine.local.pool_engines"


@pytest.fixture(scope="module")
def pool() -> PooledEngine:
    with pytest.warns(UserWarning, match="it shouts") as warned:
        made = PooledEngine(TARGET, 2, f"{HOME}:shouting")
    assert len(warned) == 1
    return made


def answers(pool: PooledEngine, prompts: list[str]) -> dict[int, tuple[str, str]]:
    """By the index of the prompt: the process that answered, and what it said."""
    found = list(pool.generate(prompts, max_new_tokens=8))
    assert len(found) == len({index for index, _ in found})
    parted = {index: generation.text.partition(" ") for index, generation in found}
    return {index: (process, said) for index, (process, _, said) in parted.items()}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 40, 100])
def test_every_prompt_gets_its_own_answer(pool: PooledEngine, count: int) -> None:
    prompts = [f"{'long ' * (n % 7)}prompt {n}" for n in range(count)]
    said = {index: text for index, (_, text) in answers(pool, prompts).items()}
    assert said == {index: prompt.upper() for index, prompt in enumerate(prompts)}


def test_prompts_that_are_asked_one_by_one_are_shared_out_too(pool: PooledEngine) -> None:
    found = dict(pool.one_by_one(["one", "another", "third"], max_new_tokens=8))
    said = {index: generation.text.partition(" ") for index, generation in found.items()}
    assert {index: text for index, (_, _, text) in said.items()} == {0: "ONE", 1: "ANOTHER", 2: "THIRD"}
    assert len({process for process, _, _ in said.values()}) == 2


@pytest.mark.filterwarnings("ignore:it shouts")
def test_an_engine_beside_another_answers_from_the_same_processes() -> None:
    first = PooledEngine(TARGET, 2, f"{HOME}:shouting")
    processes = {process for process, _ in answers(first, ["a", "b"]).values()}
    second = first.beside(TARGET)
    del first
    assert {process for process, _ in answers(second, ["a", "b"]).values()} == processes


@pytest.mark.filterwarnings("ignore:it shouts")
def test_an_engine_that_cannot_be_put_beside_another_leaves_it_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    first = PooledEngine(TARGET, 2, f"{HOME}:shouting")
    monkeypatch.setattr(first, "_make", f"{HOME}:refusing")
    with pytest.raises(UserError, match="it cannot be loaded"):
        first.beside(TARGET)
    assert answers(first, ["a", "b"])[1][1] == "B"


def test_two_prompts_are_enough_for_both_processes(pool: PooledEngine) -> None:
    assert len({process for process, _ in answers(pool, ["one", "another"]).values()}) == 2


def test_bad_input_of_a_process_is_told_as_it_was_and_the_others_go_on(pool: PooledEngine) -> None:
    with pytest.raises(UserError) as told:
        answers(pool, ["good", "bad"])
    assert (told.value.where, told.value.allowed, told.value.hint) == ("here", "good", "better")
    assert answers(pool, ["a", "b"])[1][1] == "B"


def test_who_stops_listening_gets_no_old_answers_later(pool: PooledEngine) -> None:
    listening = pool.generate([f"old {n}" for n in range(60)], max_new_tokens=8)
    next(listening)
    listening.close()  # type: ignore[attr-defined]
    assert {text for _, text in answers(pool, ["new", "newer"]).values()} == {"NEW", "NEWER"}


@pytest.mark.filterwarnings("ignore:it shouts")
def test_a_process_that_dies_is_one_clear_error() -> None:
    with pytest.raises(UserError, match="a process that answers prompts has ended"):
        answers(PooledEngine(TARGET, 2, f"{HOME}:shouting"), ["die", "a", "b"])


@pytest.mark.filterwarnings("ignore:it shouts")
def test_processes_end_with_their_engine() -> None:
    pool = PooledEngine(TARGET, 2, f"{HOME}:shouting")
    processes = {int(process) for process, _ in answers(pool, ["a", "b"]).values()}
    del pool
    until = time.monotonic() + 10
    while time.monotonic() < until and any(Path(f"/proc/{process}").exists() for process in processes):
        time.sleep(0.05)
    assert not any(Path(f"/proc/{process}").exists() for process in processes)


def test_what_cannot_be_loaded_is_told_once_and_leaves_no_process(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="it cannot be loaded"):
        PooledEngine(TARGET, 2, f"{HOME}:refusing")
    assert capfd.readouterr() == ("", "")


def test_an_error_that_went_through_a_pipe_is_the_same() -> None:
    told = UserError("where", "what", allowed="these", hint="that")
    again = pickle.loads(pickle.dumps(told))
    assert (str(again), again.where, again.hint) == (str(told), told.where, told.hint)


def test_a_small_base_on_a_processor_gets_a_process_for_each_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "_GPUS", ("/nowhere",))
    for cores, processes in ((1, 1), (2, 2), (64, pool_module.MOST)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert processes_for(TARGET) == processes
    monkeypatch.setattr(pool_module, "SMALL_BYTES", 1000)
    assert processes_for(TARGET) == 1
    monkeypatch.undo()
    monkeypatch.setattr(pool_module, "_GPUS", ("/",))
    assert processes_for(TARGET) == 1
