"""Several processes answer like one, and end with the engine, whatever happens to them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from suite.engine import identify
from suite.engine.local import pool as pool_module
from suite.engine.local.pool import PooledEngine, WorkerFault, processes_for

TARGET = identify(None, "tiny", None)
ROOT = Path(__file__).resolve().parents[4]
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
@pytest.mark.parametrize(
    ("what", "told"), [("die", "ended with status 3"), ("killed", "memory of this machine[\\s\\S]*was killed")]
)
def test_a_process_that_dies_is_one_clear_error_however_often_it_is_asked(what: str, told: str) -> None:
    pool = PooledEngine(TARGET, 2, f"{HOME}:shouting")
    for asked in ([what, "a", "b"], ["a"]):
        with pytest.raises(UserError, match=told):
            answers(pool, asked)
    with pytest.raises(UserError, match=told):
        pool.beside(TARGET)


def test_a_process_that_asks_for_too_much_memory_says_so(pool: PooledEngine) -> None:
    with pytest.raises(UserError, match=r"memory of this machine[\s\S]*--processes 1"):
        answers(pool, ["full"])


def test_a_fault_of_a_process_is_one_error_with_its_traceback(pool: PooledEngine, capfd) -> None:
    with pytest.raises(WorkerFault, match=r"in answer\n[\s\S]*ZeroDivisionError: a mistake of ours"):
        answers(pool, ["fault"])
    assert capfd.readouterr() == ("", "")
    assert answers(pool, ["a", "b"])[1][1] == "B"


def test_what_was_answered_before_a_fault_is_handed_on(pool: PooledEngine) -> None:
    said: list[Any] = []
    with pytest.raises(UserError, match="it is bad"):
        said.extend(pool.generate(["a longer prompt", "bad"] * 2, max_new_tokens=8))
    assert {reply.text.partition(" ")[2] for _, reply in said} == {"A LONGER PROMPT"}


COMMAND = f"""
import sys, threading
from suite.engine import identify
from suite.engine.local.pool import PooledEngine
pool = []
def start():
    pool.append(PooledEngine(identify(None, "tiny", None), 2, "{HOME}:shouting"))
    for _, reply in pool[0].generate(["a", "b"], max_new_tokens=8):
        print(reply.text.split()[0], flush=True)
if sys.argv[1] == "thread":
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
else:
    start()
list(pool[0].generate(sys.argv[2:], max_new_tokens=8))
print("more", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("where", "busy"), [("main", ["bomb", "bomb"]), ("main", []), ("thread", [])])
def test_processes_end_within_a_second_of_a_killed_parent_whatever_they_are_at(where: str, busy: list[str]) -> None:
    command = [sys.executable, "-c", COMMAND, where, *busy]
    options: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    started: Any = subprocess.Popen(command, **options, env={**os.environ, "PYTHONPATH": str(ROOT)})
    with started as parent:
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        if busy:
            until_at_work(workers)
        else:  # they outlive the thread that started them
            assert parent.stdout.readline() == "more\n"
        parent.kill()
    until = time.monotonic() + 1
    while any(map(running, workers)):
        assert time.monotonic() < until, "they did not end"
        time.sleep(0.02)


def running(process: int) -> bool:
    """Whether there is such a process, and it is not only waiting for somebody to ask how it ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until_at_work(workers: list[int]) -> None:
    """Wait until each of them has used a third of a second more of a processor."""

    def used(process: int) -> int:
        times = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, times))

    aims = {worker: used(worker) + os.sysconf("SC_CLK_TCK") // 3 for worker in workers}
    while not all(used(worker) >= aim for worker, aim in aims.items()):
        time.sleep(0.05)


@pytest.mark.filterwarnings("ignore:it shouts")
def test_the_folder_one_stands_in_is_no_place_to_import_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "suite.py").write_text("raise SystemExit('a stranger ran')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(ROOT), *(entry for entry in sys.path if entry not in ("", str(tmp_path)))])
    assert answers(PooledEngine(TARGET, 2, f"{HOME}:shouting"), ["a"])[0][1] == "A"


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
    monkeypatch.setattr(pool_module, "GPUS", ("/nowhere",))
    for cores, processes in ((1, 1), (2, 2), (64, pool_module.MOST)):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, cores=cores: set(range(cores)))
        assert processes_for(TARGET) == processes
    monkeypatch.setattr(pool_module, "SMALL_BYTES", 1000)
    assert processes_for(TARGET) == 1
    monkeypatch.undo()
    monkeypatch.setattr(pool_module, "GPUS", ("/",))
    assert processes_for(TARGET) == 1
