"""A challenger that loses where the champion holds is held back, and told where it loses."""

from dataclasses import replace

from suite.contracts import CONTRACTS
from suite.gating import gate
from suite.lanes.rehearsal import identity, right, scripted
from suite.outcome import NoWorse
from suite.results.file import read, write

PROSE = "Sure, I will do that for you.<end_of_turn>"
ASKED = tuple(c for c in CONTRACTS if c.bar.gating)


def fight(tmp_path, challenger, champion=right, contracts=ASKED):
    """The result of the comparison; both engines know each case that is drawn."""
    engine, watched = scripted(contracts, challenger)
    rival, watched = scripted(watched, champion)
    rival.identity = identity("runs/champion")
    results = gate("none", engine=engine, champion=rival, contracts=watched, cache=tmp_path, catalogs=["tuya"])
    return next(c for c in results.contracts if isinstance(c.bar, NoWorse)), results


def test_an_equal_passes(tmp_path):
    comparison, results = fight(tmp_path, right)
    assert comparison.verdict.name == "pass"
    assert "runs/champion: lost 0 and won 0" in comparison.verdict.reason
    assert results.passed
    assert results.champion.adapter == "runs/champion"
    assert comparison.paired
    assert {(part.part, part.lost, part.won, part.stands_out) for part in comparison.paired} == {("", 0, 0, False)}
    write(results, tmp_path / "r.json")
    assert read(tmp_path / "r.json") == results


def test_a_loser_fails_and_the_slice_that_drives_it_is_named(tmp_path):
    comparison, results = fight(tmp_path, lambda case: PROSE if case.catalog.name == "tuya" else right(case))
    assert comparison.verdict.name == "fail"
    assert "worse than the champion runs/champion in chooses_a_tool" in comparison.verdict.reason
    assert "most of all for catalog tuya" in comparison.verdict.reason
    assert comparison.measures["chooses_a_tool, lost"].estimate > 0.2
    parts = {part.part: part for part in comparison.paired if part.contract == "chooses_a_tool"}
    assert parts[""].stands_out
    assert parts["catalog tuya"].stands_out
    assert parts["catalog tuya"].lost == parts[""].lost
    write(results, tmp_path / "r.json")
    assert read(tmp_path / "r.json") == results
    assert not results.passed


def test_a_winner_passes(tmp_path):
    comparison, _ = fight(tmp_path, right, lambda case: PROSE)
    assert comparison.verdict.name == "pass"


def test_without_a_champion_nothing_is_compared(tmp_path):
    engine, watched = scripted(ASKED)
    results = gate("none", engine=engine, contracts=watched, cache=tmp_path, catalogs=["tuya"])
    assert not [c for c in results.contracts if isinstance(c.bar, NoWorse)]
    assert results.champion is None
    assert results.passed


def test_a_comparison_alone_has_nothing_to_compare(tmp_path):
    comparison, _ = fight(tmp_path, right, contracts=[replace(c) for c in ASKED if isinstance(c.bar, NoWorse)])
    assert comparison.verdict.name == "undecided"
