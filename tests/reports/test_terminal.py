from dataclasses import replace

import pytest

from reports.terminal import render
from suite.outcome import Interval, Results
from tests.reports.sample import CALIBRATED, FAILING, PASSING

TABLE = """\
  verdict    contract                  kept    cases       0 %            100 %  bar
  FAIL       chooses_a_tool            95.0 %  285/300     .................--#  above 95 %
  FAIL       never_hallucinates_tools  99.0 %  297/300 +2  ...................#  0 fail, so <= 1 %
  UNDECIDED  valid_calls               -       no case     ....................  above 95 %
  FAIL       calibrated_confidence     53.0 %  150         ........--#--....|..  1 - ece above 85 %
  not gating:
  measured   needs_no_repair           92.0 %  276/300     .................-#-  none
"""


def test_the_last_line_is_the_verdict() -> None:
    assert (
        render(PASSING)
        .splitlines()[-1]
        .startswith("Gate passed: 4 of 4 gating contracts passed; 1 other measured, not judged (71.3 s")
    )
    last = render(FAILING).splitlines()[-1]
    assert last.startswith("Gate not passed: 0 of 4 gating contracts passed, 3 failed, 1 undecided; 1 other measured")


def test_contracts_stand_in_aligned_columns_on_one_scale() -> None:
    assert TABLE in render(FAILING)


def test_what_is_said_stands_before_the_verdict() -> None:
    assert render(PASSING, said=["page: x.html"]).splitlines()[-3] == "page: x.html"


FIGURES = """\
figures of calibrated_confidence, with 95 % intervals:
                   likelihood
  ece              0.031  0.004 to 0.066
  accuracy         0.880  0.840 to 0.930
  mean confidence  0.850  0.810 to 0.900
"""


def test_figures_of_confidence_stand_in_a_column_of_their_kind() -> None:
    assert FIGURES in render(PASSING, verbose=True)
    assert FIGURES not in render(PASSING)


def test_many_kinds_of_confidence_are_told_in_several_tables_and_other_figures_below() -> None:
    one = Interval(0.5, 0.4, 0.6)
    kinds = ["calibrated", "verbalised", "likelihood", "tool choice", "argument values"]
    measures = {f"{kind} {name}": one for kind in kinds for name in ("ece", "log_loss")} | {"something_else": one}
    del measures["tool choice log_loss"]
    every = replace(CALIBRATED, measures=measures, curves=dict.fromkeys(kinds, CALIBRATED.curves["likelihood"]))
    text = render(replace(PASSING, contracts=(every,)), 100, verbose=True)
    assert max(map(len, text.splitlines())) <= 100
    heads = [line.split("  ") for line in text.splitlines() if "tool choice" in line or "verbalised" in line]
    assert [[cell.strip() for cell in head if cell] for head in heads] == [kinds[:3], kinds[3:]]
    assert "  log loss  -                      0.500  0.400 to 0.600\n" in text
    assert "  something else  0.500  0.400 to 0.600\n" in text


def test_the_calibrator_is_told_if_there_is_one() -> None:
    assert "  mapped by isotonic calibrator of the likelihood 51c0ffee51c0\n" in render(PASSING)
    assert "isotonic" not in render(replace(PASSING, calibrator=None))


def test_what_closes_the_gate_is_told_only_if_it_is_closed() -> None:
    assert "What closes the gate:\n  FAIL       chooses_a_tool: held in 285" in render(FAILING)
    assert "What closes the gate" not in render(PASSING)


def test_cases_that_do_not_count_are_told() -> None:
    assert "and that it does not count: 9 to valid_calls." in render(PASSING).replace("\n  ", " ")


def test_what_was_gated_is_told() -> None:
    text = render(PASSING)
    for part in ("runs/hotel/adapter 3f2a9c10d4e8\n", "seed 7", "1100 generated, 104 cached; 71.3 s", "torch 2.13.0"):
        assert part in text


@pytest.mark.parametrize("results", [PASSING, FAILING], ids=["passing", "failing"])
def test_it_reads_well_at_100_columns(results: Results) -> None:
    too_wide = [line for line in render(results, 100).splitlines() if len(line) > 100]
    assert all(line.startswith(("  replay  ", "Gate ")) for line in too_wide), too_wide


def test_colour_adds_nothing_but_colour() -> None:
    plain, painted = render(FAILING), render(FAILING, colour=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31mFAIL " in painted
    codes = ("\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m", "\x1b[1;2m", "\x1b[0m")
    for code in codes:
        painted = painted.replace(code, "")
    assert painted == plain


def test_a_gate_without_contracts_has_a_summary_too() -> None:
    assert "no gating contract was judged" in render(replace(PASSING, contracts=()))
