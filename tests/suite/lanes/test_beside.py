"""Contracts that compare a reply with a second one to the same prompt: asked again, or of the bare base."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.choosing import SeededChooser
from fixtures.types import Case
from suite.contracts.adapter_is_effective import adapter_is_effective
from suite.contracts.chooses_a_tool import chooses_a_tool
from suite.contracts.same_answer_twice import same_answer_twice
from suite.engine import CachedEngine, Engine, ReplyStore, ScriptedEngine
from suite.engine.again import again
from suite.exam.scene import Scene
from suite.gating import gate
from suite.judging.contract import Contract
from suite.lanes.rehearsal import identity, right, scripted
from suite.outcome import Broken, ContractResult, Held, NotApplicable
from suite.reply import Generation, Reply

PROSE = "Sure, I will do that.<end_of_turn>"


def measured(
    tmp_path: Path, engine: Engine, contracts: tuple[Contract, ...], bare: Engine | None = None
) -> ContractResult:
    """The result of the last contract of a gate."""
    asked = gate("none", engine=engine, bare=bare, contracts=contracts, cache=tmp_path, catalogs=["tuya"])
    return asked.contracts[-1]


Answer = Callable[[Case], str]


def with_base(ours: Answer, theirs: Answer) -> tuple[ScriptedEngine, ScriptedEngine, tuple[Contract, ...]]:
    """Two engines that know the same cases, and the contracts to give to the gate with them."""
    engine, contracts = scripted([adapter_is_effective], ours)
    base, contracts = scripted(contracts, theirs)
    base.identity = identity("none")
    return engine, base, contracts


def test_a_greedy_engine_answers_twice_alike(tmp_path: Path) -> None:
    engine, contracts = scripted([same_answer_twice])
    result = measured(tmp_path, engine, contracts)
    assert (result.tally.trials, result.tally.held) == (20, 20)
    flips = result.measures["flips, batch to alone"]
    assert flips.estimate == 0 < flips.high
    assert engine.calls == 60  # in a batch, alone, and alone once more


def test_an_engine_that_depends_on_its_batch_is_told_from_one_that_cannot_repeat_itself(tmp_path: Path) -> None:
    engine, contracts = scripted([same_answer_twice])
    certain, batches = engine.answer, {"size": 0}

    class Padded(ScriptedEngine):
        def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
            batches["size"] = len(prompts)
            return super().generate(prompts, max_new_tokens=max_new_tokens)

    def by_batch(prompt: str) -> str | Generation:
        return certain(prompt) if batches["size"] > 1 else PROSE

    result = measured(tmp_path, Padded(by_batch, format=engine.format, identity=engine.identity), contracts)
    assert result.measures["flips, batch to alone"].estimate == 1
    assert result.measures["flips, run to re-run"].estimate == 0
    assert "padding" in result.counterexamples[0].wanted
    assert PROSE in result.counterexamples[0].got
    assert result.counterexamples[0].other == PROSE != result.counterexamples[0].raw

    count = {"calls": 0}

    def sampled(prompt: str) -> str:
        count["calls"] += 1
        return f"{count['calls']}<end_of_turn>"

    result = measured(tmp_path, ScriptedEngine(sampled, identity=identity("sampled")), contracts)
    assert result.measures["flips, run to re-run"].estimate == 1
    assert result.tally.held == 0


def test_a_prompt_that_was_asked_once_says_nothing_of_repetition() -> None:
    reply = _reply(PROSE)
    case = _case()
    assert isinstance(same_answer_twice.judge(case, reply), NotApplicable)
    assert isinstance(same_answer_twice.judge(case, replace(reply, other=reply)), NotApplicable)
    assert isinstance(same_answer_twice.judge(case, replace(reply, other=replace(reply, other=reply))), Held)


def test_takes_are_not_served_from_the_cache_of_the_first_reply_and_have_their_own(tmp_path: Path) -> None:
    engine, store = ScriptedEngine(lambda prompt: PROSE), ReplyStore(tmp_path)

    def cached() -> CachedEngine:
        return CachedEngine(engine.identity, engine.format, lambda: engine, store)

    def ask(behind: Engine) -> list[str]:
        return [generation.text for _, generation in behind.generate(["a", "b"], max_new_tokens=9)]

    first = cached()
    assert ask(first) == ask(again(first, 1)) == ask(again(first, 2)) == [PROSE, PROSE]
    assert (engine.calls, engine.batches) == (6, 5)  # one batch of two, and four prompts alone
    later = cached()
    assert ask(later) == ask(again(later, 1)) == ask(again(later, 2))
    assert engine.calls == 6


def test_an_adapter_that_moves_its_base_is_effective(tmp_path: Path) -> None:
    engine, base, contracts = with_base(right, lambda case: PROSE)
    result = measured(tmp_path, engine, contracts, base)
    assert (result.tally.trials, result.tally.held) == (40, 40)
    assert result.verdict.name == "measured"
    assert result.measures["replies moved"].estimate == 1
    assert result.measures["right where the base is wrong"].estimate > 0.5
    assert result.measures["wrong where the base is right"].estimate == 0


def test_an_adapter_that_moves_nothing_is_not(tmp_path: Path) -> None:
    engine, base, contracts = with_base(right, right)
    result = measured(tmp_path, engine, contracts, base)
    assert (result.tally.trials, result.tally.held) == (40, 0)
    assert result.measures["replies moved"].estimate == result.measures["likelihood moved"].estimate == 0
    assert result.counterexamples[0].got == "the base's own reply, as likely as before"


@pytest.mark.parametrize(("likelihood", "kind"), [(0.9, Held), (0.999, Broken)])
def test_the_same_reply_has_to_be_noticeably_more_or_less_likely(likelihood: float, kind: type) -> None:
    ours = replace(_reply(PROSE), other=_reply(PROSE, likelihood))
    assert isinstance(adapter_is_effective.judge(_case(), ours), kind)


def test_the_bare_base_itself_is_compared_with_nothing(tmp_path: Path) -> None:
    engine, contracts = scripted([adapter_is_effective])
    result = measured(tmp_path, engine, contracts)
    assert (result.tally.trials, result.tally.not_applicable) == (0, 40)
    assert (result.verdict.name, result.bar.gating) == ("undecided", False)
    assert isinstance(adapter_is_effective.judge(_case(), _reply(PROSE)), NotApplicable)


def test_second_replies_are_asked_only_for_contracts_that_want_them(tmp_path: Path) -> None:
    engine, contracts = scripted([chooses_a_tool])
    base = ScriptedEngine(lambda prompt: PROSE)
    gate("none", engine=engine, bare=base, contracts=contracts, cache=tmp_path, catalogs=["tuya"], budget=20)
    assert base.calls == 0


def test_second_replies_count_among_the_calls_of_a_gate(tmp_path: Path) -> None:
    engine, base, contracts = with_base(right, lambda case: PROSE)
    results = gate("none", engine=engine, bare=base, contracts=contracts, cache=tmp_path, catalogs=["tuya"])
    assert dict(results.calls) == {"generated": engine.calls + base.calls, "cached": 0}
    assert base.calls > 0


def _case() -> Case:
    return chooses_a_tool.draw(Scene(()), SeededChooser(1))


def _reply(text: str, likelihood: float = 1.0) -> Reply:
    engine = ScriptedEngine(lambda prompt: text)
    return Reply(Generation(text, (math.log(likelihood),), "stop"), engine.format.parse(text))
