"""In which dtype a gate's engines compute; engines are scripted, and take the time that a test says."""

import weakref
from dataclasses import replace

import pytest

from fixtures.cores import BFLOAT16
from suite.engine import CachedEngine, Precision, ReplyStore, ScriptedEngine
from suite.engine.precision import ASKED, FILE, WORTH, recall, told

PROMPTS = [f"prompt {number}" for number in range(40)]


class Machine:
    """Starts engines that need so many seconds a reply, by dtype, on a clock of its own."""

    def __init__(self, **seconds):
        self.seconds, self.now = seconds, 0.0
        self.started: list[str] = []
        self.alive: list[weakref.ref[ScriptedEngine]] = []
        self.most = 0

    def clock(self):
        return self.now

    def start(self, dtype, beside):
        def answer(prompt):
            self.now += self.seconds[dtype]
            return f"{prompt} in {dtype}"

        engine = ScriptedEngine(answer)
        engine.identity = replace(engine.identity, dtype=dtype)
        self.started.append(dtype)
        self.alive = [one for one in [*self.alive, weakref.ref(engine)] if one()]
        self.most = max(self.most, len(self.alive))
        return engine


@pytest.fixture
def able(monkeypatch):
    """A machine with bfloat16 arithmetic."""
    monkeypatch.setenv(BFLOAT16, "1")


def opened(machine, cache, dtype="auto", base="b1"):
    precision = Precision(dtype, base, cache, machine.clock)
    identity = ScriptedEngine(str).identity
    return CachedEngine(
        identity, ScriptedEngine(str).format, lambda: machine.start(precision.dtype, None), ReplyStore(cache),
        precision=precision, settle=lambda prompts, most: precision.settle(machine.start, prompts, most),
    )  # fmt: skip


def ask(engine, prompts=PROMPTS):
    replies = dict(engine.generate(prompts, max_new_tokens=9))
    return [replies[index].text for index in range(len(prompts))]


@pytest.mark.parametrize(
    ("seconds", "taken"),
    [
        ({"float32": 2.0, "bfloat16": 1.0}, "bfloat16"),
        ({"float32": 1.0, "bfloat16": 2.0}, "float32"),
        ({"float32": WORTH * 0.99, "bfloat16": 1.0}, "float32"),
    ],
    ids=["half the time", "twice the time", "hardly less"],
)
def test_auto_takes_what_is_faster_by_enough(able, tmp_path, seconds, taken):
    engine = opened(Machine(**seconds), tmp_path)
    assert ask(engine) == [f"{prompt} in {taken}" for prompt in PROMPTS]
    assert engine.identity.dtype == taken


def test_replies_of_the_measurement_are_used_and_each_prompt_counts_once(able, tmp_path):
    machine = Machine(float32=2.0, bfloat16=1.0)
    engine = opened(machine, tmp_path)
    ask(engine)
    assert (engine.generated, engine.cached) == (len(PROMPTS), 0)
    assert machine.now < 2.0 * (ASKED + 2) + 1.0 * (len(PROMPTS) + 3)


def test_one_model_is_in_memory_at_a_time(able, tmp_path):
    machine = Machine(float32=1.0, bfloat16=2.0)
    ask(opened(machine, tmp_path))
    assert machine.started == ["float32", "bfloat16", "float32"]
    assert machine.most == 1


def test_the_next_gate_knows_it_and_needs_no_engine(able, tmp_path):
    ask(opened(Machine(float32=2.0, bfloat16=1.0), tmp_path))
    machine = Machine()
    engine = opened(machine, tmp_path)
    assert engine.identity.dtype == "bfloat16"
    ask(engine)
    assert (machine.started, engine.generated) == ([], 0)


def test_another_base_is_measured_for_itself(able, tmp_path):
    ask(opened(Machine(float32=2.0, bfloat16=1.0), tmp_path))
    engine = opened(Machine(float32=1.0, bfloat16=2.0), tmp_path, base="b2")
    ask(engine)
    assert engine.identity.dtype == "float32"
    assert opened(Machine(), tmp_path).identity.dtype == "bfloat16"


@pytest.mark.parametrize("text", ["{", "[]", '{"a": 1}'])
def test_a_file_that_is_damaged_is_measured_again(able, tmp_path, text):
    ask(opened(Machine(float32=2.0, bfloat16=1.0), tmp_path))
    (tmp_path / FILE).write_text(text)
    assert opened(Machine(), tmp_path).identity.dtype == "auto"


def test_without_bfloat16_there_is_no_choice_and_nothing_to_measure(monkeypatch, tmp_path):
    monkeypatch.setenv(BFLOAT16, "0")
    machine = Machine(float32=1.0)
    engine = opened(machine, tmp_path)
    assert engine.identity.dtype == "float32"
    ask(engine)
    assert machine.started == ["float32"]
    assert told(tmp_path, "b1", "float32") == ""


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_what_is_named_is_taken_and_not_measured(able, tmp_path, dtype):
    machine = Machine(**{dtype: 1.0})
    engine = opened(machine, tmp_path, dtype)
    assert ask(engine, ["a"]) == [f"a in {dtype}"]
    assert (machine.started, engine.identity.dtype) == ([dtype], dtype)
    assert recall(tmp_path, "b1") == {}


def test_a_few_prompts_are_timed_as_often_as_many(able, tmp_path):
    machine = Machine(float32=2.0, bfloat16=1.0)
    assert ask(opened(machine, tmp_path), ["a", "b", "c"]) == ["a in bfloat16", "b in bfloat16", "c in bfloat16"]
    assert machine.now >= 3.0 * ASKED


def test_what_shares_a_precision_is_in_the_same_dtype(able, tmp_path):
    machine = Machine(float32=2.0, bfloat16=1.0)
    first = opened(machine, tmp_path)
    again = first.again(1, lambda: machine.start("bfloat16", None))
    ask(first)
    assert again.identity == first.identity
    assert ask(again, ["a"]) == ["a in bfloat16"]


def test_it_is_told_with_the_ratio_that_was_measured(able, tmp_path):
    ask(opened(Machine(float32=3.0, bfloat16=2.0), tmp_path))
    assert "bfloat16, measured 1.50 times as fast as float32" in told(tmp_path, "b1", "bfloat16")
    assert told(tmp_path, "b1", "float16") == ""
    assert told(tmp_path, "other", "bfloat16") == ""
