"""The user's own rows on a terminal."""

from dataclasses import replace

from suite.outcome import OwnReport, Slice
from suite.results.ending import ending
from suite.results.file import from_json, to_json
from suite.results.own import MOST, own_lines
from suite.statistics.sequential import confidence_sequence
from suite.user_rows import BrokenRow, Called
from tests.reports.sample import PASSING

OWN = OwnReport(
    files={"held_out.jsonl": "ab" * 8},
    rows=40,
    must=2,
    asked=30,
    same=1,
    trained="3 of 40 rows, request and answer alike, were trained on",
    slices=(Slice("tag", "late", 5, 10, confidence_sequence(5, 10)),),
    called=(Called("set_light", "set_light", 20), Called("set_light", "open_blinds", 4)),
    broken=(BrokenRow("held_out.jsonl", 7, "dim\n\x1b[2J it", "no call", "set_light {}", 0.91, True, ("late",)),),
)


def test_all_is_told_in_plain_lines() -> None:
    text = "\n".join(own_lines(OWN, 200))
    assert "Own cases: 30 of 40 rows of held_out.jsonl asked, 2 of which must hold; 1 more left out" in text
    assert "tag late  50.0 %  5/10" in text
    assert "   4  open_blinds, where set_light was right" in text
    assert "set_light, where" not in text
    assert '0.910  "dim \\x1b[2J it" (held_out.jsonl:7, must hold): got no call, wanted set_light {}' in text


def test_long_lists_are_cut_and_say_so() -> None:
    many = replace(
        OWN, broken=tuple(OWN.broken) * (MOST + 5), called=tuple(Called("a", f"b{n}", 1) for n in range(MOST + 3))
    )
    text = "\n".join(own_lines(many, 100))
    assert text.count("held_out.jsonl:7") == MOST
    assert "and 5 more" in text
    assert "and 3 more" in text


def test_every_ending_warns_of_what_was_trained_on_and_a_verbose_one_has_the_rest() -> None:
    results = replace(PASSING, own=OWN)
    short, full = (" ".join(ending(results, 120, verbose=verbose)) for verbose in (False, True))
    assert "Warning about the own cases: 3 of 40 rows" in short
    assert "Own cases:" not in short
    assert "Own cases:" in full


def test_old_files_have_no_own_rows_and_new_ones_come_back_equal() -> None:
    assert "own" not in to_json(PASSING)
    assert from_json(to_json(PASSING)).own is None
    assert from_json(to_json(replace(PASSING, own=OWN))).own == OWN
