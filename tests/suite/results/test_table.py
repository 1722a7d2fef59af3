"""Contracts stand on one scale, the gating ones first, the others from worst to best."""

from dataclasses import replace

from suite.outcome import Ceiling, Interval, Never, Rate, ReportOnly, Tally
from suite.results.table import SCALE, kept, looks_bad, table
from tests.reports.sample import CALIBRATED, FAILING, contract


def measured(name, held, trials=100):
    return contract(name, "Promise.", ReportOnly(), Tally(trials, held))


def names(lines):
    return [line.split()[1] for line in lines[1:-1] if not line.endswith(":")]


def test_gating_contracts_come_first_and_the_others_from_worst_to_best():
    gating = contract("gates", "Promise.", Rate(0.5), Tally(100, 60))
    others = [measured("good", 99), measured("none", 0, 0), measured("bad", 10)]
    assert names(table([*others, gating], 100)) == ["gates", "bad", "good", "none"]


def test_nothing_is_shown_of_no_contracts():
    assert table([], 100) == []


def test_without_a_gating_contract_that_is_said():
    assert "  none of them gates:" in table([measured("a", 1)], 100)


def test_a_statistic_that_must_stay_low_stands_on_the_scale_as_what_is_left():
    assert kept(CALIBRATED) == Interval(0.969, 0.934, 0.996)
    (line,) = [line for line in table([CALIBRATED], 130) if "calibrated" in line]
    assert "96.9 %" in line
    assert "1 - ece above 85 %" in line
    assert "93.4 to 99.6 %" in line


def test_the_scale_shows_interval_estimate_and_bar():
    # 0.30 lies in the seventh cell, 0.20 to 0.40 in the fifth to ninth, the bar of 0.9 in the nineteenth.
    bar = replace(CALIBRATED, bar=Ceiling("ece", 0.1), measures={"ece": Interval(0.7, 0.6, 0.8)})
    (line,) = [line for line in table([bar], 100) if "calibrated" in line]
    scale = line.split()[5]
    assert scale == "....--#--.........|."
    assert len(scale) == SCALE


def test_intervals_are_written_out_where_there_is_room():
    assert "interval" in table(FAILING.contracts, 130)[0]
    assert "interval" not in table(FAILING.contracts, 100)[0]


def test_what_was_cut_short_says_so():
    cut = replace(measured("a", 10, 10), cut_short="valid_calls")
    assert "10/10, cut short" in table([cut], 100)[-2]


def test_what_looks_bad_is_named_worst_first_and_only_where_it_does_not_gate():
    gating, good = contract("gates", "Promise.", Never(strict=True), Tally(100, 10)), measured("good", 80)
    assert looks_bad([gating, measured("meh", 79), measured("bad", 10), good]) == "bad 10.0 %, meh 79.0 %"
    assert looks_bad([gating, good]) == ""
