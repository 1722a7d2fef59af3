"""What the contract about confidence scores: the reply, the tool it names, the values it gives; and what is judged."""

import math
from dataclasses import replace
from itertools import accumulate

import pytest

from fixtures.formats import load_format
from fixtures.types import Case, Oracle, user
from suite.contracts.calibrated_confidence import calibrated_confidence, summarise
from suite.outcome import NotApplicable, Scored
from suite.reply import Generation, Reply
from tests.suite.contracts.test_contracts import CALL, CASE, GOOD, LAMP, reply


def judged(case: Case, said: Reply) -> Scored:
    outcome = calibrated_confidence.judge(case, said)
    assert isinstance(outcome, Scored)
    return outcome


def test_confidence_is_the_likelihood_and_where_the_format_has_it_the_verbalised_figure():
    text = '{"function": "set_lamp", "arguments": {"level": 20}, "confidence": 0.7}<end_of_turn>'
    scored = judged(CASE, reply(text, form="intent_json", logprob=math.log(0.5)))
    assert scored.correct
    assert scored.confidence == pytest.approx({"likelihood": 0.5, "verbalised": 0.7})


def test_a_wrong_argument_is_not_right_however_sure():
    scored = judged(CASE, reply(GOOD.replace("20", "21")))
    assert not scored.correct


TOKENS = [
    ("<start_function_call>", 0.9), ("call", 1.0), (":", 1.0), ("set", 0.5), ("_lamp", 0.8), ("{", 1.0),
    ("level", 0.3), (":", 1.0), ("2", 0.7), ("0}", 0.6), ("<end_function_call>", 1.0),
    ("<start_function_response>", 0.2),
]  # fmt: skip


def in_tokens(tokens):
    text = "".join(piece for piece, _ in tokens)
    logprobs, ends = tuple(math.log(p) for _, p in tokens), tuple(accumulate(len(piece) for piece, _ in tokens))
    return Reply(Generation(text, logprobs, "stop", ends), load_format("functiongemma").parse(text))


def test_the_tools_name_and_the_values_have_a_confidence_of_their_own():
    scored = judged(CASE, in_tokens(TOKENS))
    assert scored.correct
    # A token that holds a bracket beside the value counts as a whole: 0.7 * 0.6.
    confidence = {part: figure for part, (figure, _) in scored.parts.items()}
    assert confidence == pytest.approx({"tool choice": 0.5 * 0.8, "argument values": 0.7 * 0.6})
    assert all(right for _, right in scored.parts.values())


def test_values_are_judged_only_where_the_tool_is_right():
    wrong_value = judged(CASE, in_tokens([(p.replace("2", "3"), c) for p, c in TOKENS]))
    assert {part: right for part, (_, right) in wrong_value.parts.items()} == {
        "tool choice": True, "argument values": False,
    }  # fmt: skip
    wrong_tool = judged(CASE, in_tokens([(p.replace("_lamp", "_fan"), c) for p, c in TOKENS]))
    assert {part: right for part, (_, right) in wrong_tool.parts.items()} == {"tool choice": False}


def test_where_nothing_fits_the_policy_says_which_name_is_right():
    nothing = replace(CASE, oracle=Oracle(()))
    any_tool = replace(nothing, catalog=replace(CASE.catalog, policy="must_choose"))
    wrong, right = (judged(case, in_tokens(TOKENS)) for case in (nothing, any_tool))
    assert {part: right for part, (_, right) in wrong.parts.items()} == {"tool choice": False}
    assert {part: right for part, (_, right) in right.parts.items()} == {"tool choice": True}


def test_an_abstention_that_is_said_by_name_is_a_choice_of_a_tool():
    text = '{"function": "unknown", "arguments": {}, "confidence": 0.2}'
    said = Reply(Generation(text, (math.log(0.3),), "stop", (len(text),)), load_format("intent_json").parse(text))
    scored = judged(replace(CASE, oracle=Oracle(())), said)
    assert list(scored.parts) == ["tool choice"]
    assert scored.parts["tool choice"] == pytest.approx((0.3, True))


@pytest.mark.parametrize("text", [GOOD, "Sure.<end_of_turn>", CALL.removesuffix("<end_function_call>")])
def test_parts_need_a_clean_call_and_the_places_of_the_tokens(text):
    scored = judged(CASE, reply(text))
    assert scored.parts == {}


def test_confidence_in_an_unknown_answer_is_not_asked_for():
    assert isinstance(calibrated_confidence.judge(replace(CASE, oracle=Oracle(None)), reply(GOOD)), NotApplicable)


def test_cases_of_one_conversation_are_one_unit():
    again = replace(CASE, messages=(*CASE.messages, user("and now to 30")), kind="correction")
    other = replace(CASE, messages=(user("set the lamp to level 30"),))
    renamed = replace(CASE, catalog=replace(CASE.catalog, tools=(replace(LAMP, name="set_lamps"),)))
    unit = judged(CASE, reply(GOOD)).unit
    assert judged(again, reply(GOOD)).unit == unit
    assert len({unit, *(judged(c, reply(GOOD)).unit for c in (other, renamed))}) == 3


def test_the_bar_is_on_the_verbalised_figure_where_there_is_one():
    scored = [Scored({"likelihood": 0.5, "verbalised": 1.0}, True)] * 50
    assert summarise(scored, 0, 0.95).measures["ece"].estimate == pytest.approx(0.0)
    assert summarise(scored, 0, 0.95).measures["likelihood ece"].estimate == pytest.approx(0.5)


def test_the_bar_is_on_the_calibrated_figure_where_there_is_one_and_the_raw_ones_stay_visible():
    sure = replace(reply(GOOD, logprob=math.log(0.5)), calibrated=1.0)
    measures = summarise([judged(CASE, sure)] * 50, 0, 0.95).measures
    assert measures["ece"] == measures["calibrated ece"]
    assert measures["ece"].estimate == pytest.approx(0.0)
    assert measures["likelihood ece"].estimate == pytest.approx(0.5)


def test_parts_have_figures_and_a_curve_of_the_replies_that_have_them():
    scored = [Scored({"likelihood": 0.5}, True, {"tool choice": (0.25, True)})] * 30 + [
        Scored({"likelihood": 0.5}, True)
    ] * 30
    figures = summarise(scored, 0, 0.95)
    assert figures.measures["tool choice ece"].estimate == pytest.approx(0.75)
    assert {kind: sum(point.count for point in curve) for kind, curve in figures.curves.items()} == {
        "likelihood": 60, "tool choice": 30,
    }  # fmt: skip


def test_a_reply_without_a_figure_counts_as_a_sure_one():
    scored = [Scored({"likelihood": 0.5, "verbalised": 0.9}, True), Scored({"likelihood": 0.5}, False)]
    assert summarise(scored, 0, 0.95).measures["verbalised mean_confidence"].estimate == pytest.approx(0.95)


def test_the_unit_is_what_is_resampled():
    alone = [Scored({"likelihood": 0.5}, bool(n % 3)) for n in range(60)]
    together = [replace(s, unit=str(n // 10)) for n, s in enumerate(alone)]
    widths = [summarise(s, 0, 0.95).measures["likelihood accuracy"] for s in (alone, together)]
    assert widths[1].high - widths[1].low > 2 * (widths[0].high - widths[0].low)
