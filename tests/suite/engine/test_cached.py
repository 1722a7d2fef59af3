from dataclasses import replace

import pytest

from suite.engine import CachedEngine, ReplyStore, ScriptedEngine
from suite.reply import Generation


def cached(folder, engine, **options):
    return CachedEngine(engine.identity, engine.format, lambda: engine, ReplyStore(folder), **options)


def ask(engine, *prompts, new_tokens=20):
    replies = dict(engine.generate(prompts, max_new_tokens=new_tokens))
    return [replies[index].text for index in range(len(prompts))]


def test_a_second_run_is_served_without_making_the_engine(tmp_path):
    first = ScriptedEngine(str.upper)
    assert ask(cached(tmp_path, first), "a", "b") == ["A", "B"]

    def never():
        raise AssertionError("no miss, no engine")

    again = CachedEngine(first.identity, first.format, never, ReplyStore(tmp_path))
    assert ask(again, "b", "a") == ["B", "A"]
    assert (again.generated, again.cached) == (0, 2)


def test_equal_prompts_are_answered_once_and_served_everywhere(tmp_path):
    real = ScriptedEngine(str.upper)
    engine = cached(tmp_path, real)
    assert ask(engine, "a", "b", "a", "a") == ["A", "B", "A", "A"]
    assert (real.calls, engine.generated, engine.cached) == (2, 2, 2)


def test_hits_and_misses_keep_their_places(tmp_path):
    real = ScriptedEngine(str.upper)
    ask(cached(tmp_path, real), "b")
    engine = cached(tmp_path, real)
    assert ask(engine, "a", "b", "c") == ["A", "B", "C"]
    assert (real.calls, engine.generated, engine.cached) == (3, 2, 1)


def test_the_engine_is_made_once(tmp_path):
    made = []
    real = ScriptedEngine(str.upper)

    def make():
        made.append(real)
        return real

    engine = CachedEngine(real.identity, real.format, make, ReplyStore(tmp_path))
    ask(engine, "a")
    ask(engine, "b")
    assert made == [real]


def test_another_limit_or_precision_is_another_reply(tmp_path):
    real = ScriptedEngine(str.upper)
    ask(cached(tmp_path, real), "a")
    ask(cached(tmp_path, real), "a", new_tokens=21)
    real.identity = replace(real.identity, dtype="bfloat16")
    ask(cached(tmp_path, real), "a")
    assert real.calls == 3


def test_what_was_finished_before_a_crash_is_not_asked_again(tmp_path):
    def fails_on_c(prompt):
        if prompt == "c":
            raise KeyboardInterrupt
        return prompt.upper()

    with pytest.raises(KeyboardInterrupt):
        ask(cached(tmp_path, ScriptedEngine(fails_on_c, batch_size=1)), "a", "b", "c")
    real = ScriptedEngine(str.upper)
    assert ask(cached(tmp_path, real), "a", "b", "c") == ["A", "B", "C"]
    assert real.calls == 1


def test_nothing_asked_is_nothing_answered(tmp_path):
    assert ask(cached(tmp_path, ScriptedEngine(str.upper))) == []


def test_a_scripted_generation_is_passed_on_as_it_is():
    said = Generation("x", (-2.0,), "length")
    engine = ScriptedEngine(lambda prompt: said, format="intent_json", batch_size=2)
    assert list(engine.generate("abc", max_new_tokens=1)) == [(0, said), (1, said), (2, said)]
    assert (engine.calls, engine.batches, engine.format.name) == (3, 2, "intent_json")
