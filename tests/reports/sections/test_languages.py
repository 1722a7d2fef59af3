"""Where the words of the exam came from, as a person reads it: on a terminal and on the page."""

from dataclasses import replace

from reports.page import render
from suite.outcome import Interval, Results, Slice
from suite.results.ending import ending
from suite.results.languages import example_lines
from suite.results.summary import counterexample_lines
from suite.user_rows import ExampleReport, Unjudged
from tests.reports.reader import Reader
from tests.reports.sample import FAILING, HOSTILE, PASSING

READ = ExampleReport(
    {"mine.jsonl": "0" * 16}, 20, 12, 9, 2, {"make several calls at once": 6},
    {"set_light": "examples", "open_blinds": "phrases"}, Unjudged(30, 21, {"zone": 20, "level": 1}), "all were learned",
)  # fmt: skip
PARTS = (
    Slice("language", "examples", 6, 8, Interval(0.75, 0.4, 0.95)),
    Slice("language", "drawn", 2, 2, Interval(1.0, 0.2, 1.0)),
)


def with_examples(results: Results, read: ExampleReport = READ) -> Results:
    contracts = tuple(replace(contract, languages=PARTS) for contract in results.contracts)
    return replace(results, contracts=contracts, examples=read)


def test_a_terminal_tells_what_rows_were_used_for_and_what_was_not_judged() -> None:
    told = " ".join("\n".join(ending(with_examples(PASSING), 120)).split())
    assert "Examples: 1 tool is asked for in 12 sentences of mine.jsonl, 9 of them with other values too" in told
    assert "Left aside of 20 rows: 6 that make several calls at once" in told
    assert "Without examples, and asked for by phrases: open_blinds" in told
    wanted = "In 21 of 30 requests an argument was not judged because nobody said it: zone 20, level 1"
    assert wanted in told
    assert "Warning about the examples: all were learned." in told
    assert "75.0 % of 8" in told


def test_nothing_is_told_of_examples_where_there_are_none() -> None:
    assert example_lines(PASSING, 100, whole=True) == []
    assert "Examples" not in Reader(render(PASSING, "r.json")).text


def test_the_page_has_the_same_and_each_contract_by_language() -> None:
    text = Reader(render(with_examples(PASSING), "r.json")).text
    for told in ("12 sentences of mine.jsonl", "zone 20, level 1", "all were learned", "75.0 % of 8", "100.0 % of 2"):
        assert told in text


def test_what_people_wrote_cannot_break_out() -> None:
    read = replace(READ, files={HOSTILE: ""}, tools={HOSTILE: "phrases"}, trained=HOSTILE)
    assert "<script>" not in render(with_examples(PASSING, read), "r.json")


def test_counterexamples_are_numbered_as_keep_counts_them() -> None:
    told = "\n".join(ending(FAILING, 120, verbose=True))
    examples = [(c.name, example) for c in FAILING.contracts for example in c.counterexamples]
    for number, (name, example) in enumerate(examples, 1):
        assert f"counterexample of {name}, number {number}: " in told
        assert counterexample_lines(example, number)[0] in told
    assert f"1 {examples[0][0]} " in Reader(render(FAILING, "r.json")).text
