"""Requests that several tools could serve: right by construction, and judged by what decides between the tools."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from fixtures.catalogs import SpokenCatalog, load_catalog, read_catalog
from fixtures.choosing import SeededChooser
from fixtures.grammar.values import spoken_name
from fixtures.reading.arguments import first_fault
from fixtures.types import Case, Fallback, Tool, ToolCall
from suite.contracts.arbitrates_between_tools import arbitrates_between_tools
from suite.contracts.less_sure_where_nothing_decides import (
    less_sure_where_nothing_decides,
    mean_drop,
    summarise,
)
from suite.exam.arbitration import contested, decided_by_catalog, more_specific, two_intents, undecided
from suite.exam.scene import Scene
from suite.judging.contract import Contract
from suite.lanes.asking import Asker
from suite.lanes.rehearsal import right, scripted
from suite.outcome import Broken, Held, NotApplicable, Outcome, Scored
from suite.reply import Generation

HOTEL = Scene(tuple(map(load_catalog, ("hotel_rooms", "hotel_climate"))))
NOBODY_WROTE = Scene(())
PROSE = "Sure.<end_of_turn>"


def lamps(**says: Any) -> SpokenCatalog:
    """Two lamps and a fan; a phrase that the lamps share."""
    place = {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}
    tools = [{"name": name, "description": "", "parameters": place} for name in ("use_lamp", "use_torch", "run_fan")]
    shared = [{"tools": ["use_lamp", "use_torch"], "phrases": ["make some light"]}]
    return read_catalog({"tools": tools, "shared": shared, **says}, where="lamps", name="lamps")


def outcomes(
    contract: Contract, scene: Scene, answer: Callable[[Case], str] = right, count: int = 40
) -> list[tuple[Case, Outcome]]:
    engine, (watched,) = scripted([contract], answer)
    drawn = [watched.draw(scene, SeededChooser(seed)) for seed in range(count)]
    replies = Asker(engine, max_new_tokens=10).ask(drawn)
    return [(case, contract.judge(case, reply)) for case, reply in zip(drawn, replies, strict=True)]


def calling(case: Case, *names: str) -> str:
    """A reply that calls these tools with the arguments of the right call."""
    (call, *_) = case.oracle.calls or ()
    return right(replace(case, oracle=replace(case.oracle, calls=tuple(ToolCall(n, call.arguments) for n in names))))


def test_all_kinds_are_drawn_and_their_answers_keep_the_schema() -> None:
    cases = [contested(HOTEL, SeededChooser(seed)) for seed in range(120)]
    kinds = Counter(case.kind for case in cases)
    assert set(kinds) == {
        "decided by priority", "decided by cost", "two intents", "the more specific", "the more general",
    }  # fmt: skip
    assert min(kinds.values()) > 5
    for case in cases:
        assert len(set(case.catalog.names)) == len(case.catalog.names)
        for call in case.oracle.calls or ():
            assert first_fault(case.catalog[call.name].parameters, call.arguments) == ""


def test_without_a_catalog_that_ranks_its_tools_other_kinds_are_drawn() -> None:
    for scene in (NOBODY_WROTE, Scene((load_catalog("tuya"),)), Scene((lamps(),))):
        kinds = {contested(scene, SeededChooser(seed)).kind for seed in range(40)}
        assert kinds == {"two intents", "the more specific", "the more general"}


@pytest.mark.parametrize(
    ("says", "winner", "by"),
    [
        ({"priority": ["use_torch", "use_lamp"], "cost": {"use_lamp": 1, "use_torch": 9}}, "use_torch", "priority"),
        ({"cost": {"use_lamp": 1, "use_torch": 9}}, "use_lamp", "cost"),
    ],
    ids=["priority", "cost"],
)
def test_the_catalog_decides_and_all_rivals_and_its_fallback_are_declared(
    says: dict[str, Any], winner: str, by: str
) -> None:
    scene = Scene((lamps(policy={"fallback": "run_fan"}, **says),))
    for seed in range(20):
        case = decided_by_catalog(scene, SeededChooser(seed))
        assert (case.kind, [call.name for call in case.oracle.calls or ()]) == (f"decided by {by}", [winner])
        assert set(case.catalog.names) == {"use_lamp", "use_torch", "run_fan"}
        assert "make some light" in case.request.lower()
        assert case.catalog.policy == Fallback("run_fan")


def test_the_more_specific_tool_is_right_only_if_its_word_is_said() -> None:
    seen: Counter[str] = Counter()
    for seed in range(60):
        case = more_specific(NOBODY_WROTE, SeededChooser(seed))
        (call,) = case.oracle.calls or ()
        right_one = case.catalog[call.name]
        rivals = [t for t in case.catalog.tools if t.parameters == right_one.parameters and t is not right_one]
        said, ours = set(case.request.lower().split()), _words(right_one)
        if case.kind == "the more specific":
            assert any(ours & said - _words(rival) for rival in rivals), case
        else:
            assert any(_words(rival) - ours - said for rival in rivals), case  # a word that is not said
        seen[case.kind] += 1
    assert min(seen["the more specific"], seen["the more general"]) > 15


def _words(tool: Tool) -> set[str]:
    return set(f"{spoken_name(tool.name)} {tool.description}".lower().replace(".", " ").split())


def test_two_intents_name_two_different_tools() -> None:
    for seed in range(30):
        case = two_intents(HOTEL, SeededChooser(seed))
        assert len({call.name for call in case.oracle.calls or ()}) == 2


def test_where_nothing_decides_the_clear_request_of_the_pair_says_one_word_more() -> None:
    for seed in range(30):
        case = undecided(NOBODY_WROTE, SeededChooser(seed))
        assert case.variant
        assert case.oracle.calls is None
        assert case.variant.case.catalog == case.catalog
        ours, clear = case.request.split(" "), case.variant.case.request.split(" ")
        assert len(clear) == len(ours) + 1
        (word,) = Counter(clear) - Counter(ours)
        told = f"{case.catalog.names} {[t.description for t in case.catalog.tools]}".lower()
        assert word.lower() in told


def test_phrases_of_a_given_catalog_that_nothing_ranks_are_asked_too() -> None:
    cases = [undecided(Scene((lamps(),)), SeededChooser(seed)) for seed in range(40)]
    given = [case for case in cases if case.catalog.name == "lamps"]
    assert 10 < len(given) < 30
    assert all("make some light" in case.request.lower() for case in given)
    ranked = [undecided(Scene((lamps(priority=["use_lamp", "use_torch"]),)), SeededChooser(seed)) for seed in range(40)]
    assert {case.catalog.name for case in ranked} == {"drawn"}


def test_an_engine_that_is_right_arbitrates_and_one_that_takes_any_tool_does_not() -> None:
    assert all(isinstance(outcome, Held) for _, outcome in outcomes(arbitrates_between_tools, HOTEL))

    def any_tool(case: Case) -> str:
        return calling(case, *sorted(case.catalog.names, reverse=True)[: len(case.oracle.calls or ())])

    judged = outcomes(arbitrates_between_tools, HOTEL, any_tool, 80)
    assert {case.kind for case, outcome in judged if _is_broken(outcome)} == {
        "decided by priority", "decided by cost", "two intents", "the more specific", "the more general",
    }  # fmt: skip


def _is_broken(outcome: Outcome) -> bool:
    return isinstance(outcome, Broken)


def test_the_order_of_two_calls_does_not_matter_but_their_number_does() -> None:
    def turned(case: Case) -> str:
        return right(replace(case, oracle=replace(case.oracle, calls=tuple(reversed(case.oracle.calls or ())))))

    assert all(isinstance(outcome, Held) for _, outcome in outcomes(arbitrates_between_tools, HOTEL, turned))

    def first_only(case: Case) -> str:
        return calling(case, (case.oracle.calls or ())[0].name)

    for case, outcome in outcomes(arbitrates_between_tools, HOTEL, first_only):
        assert _is_broken(outcome) == (case.kind == "two intents")


def test_where_nothing_decides_no_tool_is_right_or_wrong() -> None:
    engine, (watched,) = scripted([less_sure_where_nothing_decides])
    case = watched.draw(NOBODY_WROTE, SeededChooser(1))
    (reply,) = Asker(engine, max_new_tokens=10).ask([case])
    assert isinstance(arbitrates_between_tools.judge(case, reply), NotApplicable)
    assert isinstance(less_sure_where_nothing_decides.judge(case, reply), Scored)
    decided = replace(case, oracle=replace(case.oracle, calls=()))
    assert isinstance(less_sure_where_nothing_decides.judge(decided, reply), NotApplicable)
    assert isinstance(less_sure_where_nothing_decides.judge(case, replace(reply, other=None)), NotApplicable)


@pytest.mark.parametrize(("unsure", "held"), [(0.5, True), (0.95, False)])
def test_confidence_has_to_be_visibly_lower_than_on_the_clear_request(unsure: float, held: bool) -> None:
    engine, (watched,) = scripted([less_sure_where_nothing_decides])
    certain = engine.answer

    def answer(prompt: str) -> Generation:
        said = certain(prompt)
        assert isinstance(said, Generation)
        return replace(said, logprobs=(0.0 if "call:" in said.text else math.log(unsure),))

    engine.answer = answer
    drawn = [watched.draw(NOBODY_WROTE, SeededChooser(seed)) for seed in range(20)]
    replies = Asker(engine, max_new_tokens=10).ask(drawn)
    scored = [less_sure_where_nothing_decides.judge(case, reply) for case, reply in zip(drawn, replies, strict=True)]
    told = [outcome for outcome in scored if isinstance(outcome, Scored)]
    assert [outcome.correct for outcome in told] == [held] * 20
    drop = summarise(told, 0, 0.95).measures["likelihood lower by"]
    assert drop.estimate == pytest.approx(1 - unsure)
    assert drop.low < drop.estimate < drop.high


def test_the_verbalised_figure_counts_where_the_format_has_one() -> None:
    engine, (watched,) = scripted([less_sure_where_nothing_decides], form="intent_json")
    engine.answer = lambda prompt: '{"function": "x", "arguments": {}, "confidence": 0.7}<end_of_turn>'
    case = watched.draw(NOBODY_WROTE, SeededChooser(1))
    (reply,) = Asker(engine, max_new_tokens=10).ask([case])
    assert reply.other
    sure = replace(reply.other, parsed=replace(reply.other.parsed, confidence=0.9))
    outcome = less_sure_where_nothing_decides.judge(case, replace(reply, other=sure))
    assert isinstance(outcome, Scored)
    assert outcome.correct
    assert summarise([outcome], 0, 0.95).measures["verbalised lower by"].estimate == pytest.approx(0.2)


def test_a_mean_drop_is_covered_and_never_without_width() -> None:
    # Differences of +-0.4 with a mean of 0.1: their interval should miss it in at most one sample of twenty.
    covered = 0
    for seed in range(200):
        chooser = SeededChooser(f"drops:{seed}")
        drops = [0.1 + (0.4 if chooser.chance(50) else -0.4) for _ in range(40)]
        interval = mean_drop(drops, seed, 0.95)
        covered += interval.low <= 0.1 <= interval.high
    assert covered >= 185
    alike = mean_drop([0.0] * 40, 0, 0.95)
    assert alike.low < 0 < alike.high
