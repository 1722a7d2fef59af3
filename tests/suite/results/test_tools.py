"""What is told of each tool: on a terminal what is worth saying, with -v and on the page all of it."""

import json
from dataclasses import replace

import pytest

from reports.page import render
from reports.sections import tools
from suite import gate
from suite.contracts.knows_when_nothing_fits import knows_when_nothing_fits
from suite.contracts.right_arguments import right_arguments
from suite.contracts.right_tool import right_tool
from suite.figures import Interval, Slice, ToolReport
from suite.lanes.rehearsal import right, scripted
from suite.results.ending import ending
from suite.results.file import from_json, read, to_json, write
from suite.results.tools import tool_lines, worse
from tests.own_rows import TOOLS, light, row, written
from tests.reports.reader import Reader
from tests.reports.sample import HOSTILE, PASSING

MUTE = [
    {"name": name, "description": "", "parameters": {"type": "object", "properties": {}}}
    for name in ("getCrew", "get_crew")
]
LOW = Slice("contract", "chooses_a_tool", 2, 20, Interval(0.1, 0.01, 0.4))
REPORTS = (
    ToolReport("house", "set_light", "examples", 12, 9, asked=40, kept=(LOW,)),
    ToolReport("house", "open_blinds", "descriptions"),
    ToolReport("house", "x1", never="nothing singles it out", hint="phrases"),
)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A gate that calls one of its tools rightly, and another never."""
    tmp_path = tmp_path_factory.mktemp("house")
    (tmp_path / "house.json").write_text(json.dumps([*TOOLS, *MUTE]))
    said = written(tmp_path / "rows.jsonl", [*map(light, range(6)), row("sing")])

    def half(case):
        return right(case) if {c.name for c in case.oracle.calls or ()} != {"open_blinds"} else "No.<end_of_turn>"

    contracts = (right_tool, right_arguments, knows_when_nothing_fits)
    engine, watched = scripted(contracts, half)
    return gate(
        "none", engine=engine, contracts=watched, budget=200, cache=tmp_path / "cache",
        catalogs=[str(tmp_path / "house.json")], examples=[said], leave_out_unaskable=True,
    )  # fmt: skip


def test_every_tool_has_its_language_its_requests_and_what_was_kept(results):
    found = {tool.tool: tool for tool in results.tools}
    assert list(found) == ["set_light", "open_blinds", "getCrew", "get_crew"]
    assert [tool.language for tool in results.tools] == ["examples", "descriptions", "", ""]
    assert (found["set_light"].sentences, found["set_light"].slotted) == (6, 6)
    assert [part.name for part in found["set_light"].kept] == ["right_tool", "right_arguments"]
    assert all(part.held == part.trials > 10 for part in found["set_light"].kept)
    assert all(part.held == 0 < part.trials for part in found["open_blinds"].kept)
    assert all(part.rate.low <= part.rate.estimate <= part.rate.high for part in found["open_blinds"].kept)
    assert found["set_light"].asked > found["open_blinds"].asked > 0
    assert "nothing singles it out" in found["getCrew"].never
    assert (found["getCrew"].asked, found["getCrew"].kept) == (0, ())


def test_every_measured_case_says_where_its_words_come_from(results):
    for contract in results.contracts:
        assert sum(part.trials for part in contract.languages) == contract.tally.trials


def test_they_come_back_equal_from_a_file_and_older_files_have_none(results, tmp_path):
    write(results, tmp_path / "r.json")
    assert read(tmp_path / "r.json") == results
    older = to_json(results)
    del older["tools"]
    assert from_json(older).tools == ()


def test_a_terminal_tells_what_is_worse_and_what_was_never_asked(results):
    told = " ".join(tool_lines(results, 100, whole=False))
    assert "Worse than the rest: right_tool of open_blinds, kept in 0.0 % of" in told
    assert "set_light" not in told
    assert "nothing singles it out" in told
    assert "getCrew, get_crew." in told
    assert all(line in ending(results, 100) for line in tool_lines(results, 100, whole=False))
    whole = tool_lines(results, 100, whole=True)
    assert [line.split()[0] for line in whole[-4:]] == ["set_light", "open_blinds", "getCrew", "get_crew"]


def test_a_tool_is_worse_only_if_its_whole_interval_is_below(results):
    assert [(part.name, tool.tool) for part, tool in worse(REPORTS, PASSING)] == [("chooses_a_tool", "set_light")]
    wide = replace(REPORTS[0], kept=(replace(LOW, rate=Interval(0.1, 0.0, 1.0)),))
    assert worse([wide], PASSING) == []


def test_what_no_request_asked_for_is_named_and_long_lists_end():
    many = [ToolReport("house", f"tool_{n}", "phrases") for n in range(8)]
    (told,) = tool_lines(replace(PASSING, tools=tuple(many)), 200, whole=False)
    assert told == "In no request this time, 8 of 8 tools: tool_0, tool_1, tool_2, tool_3, tool_4 and 3 more."
    assert tool_lines(PASSING, 100, whole=True) == []


def test_the_page_has_a_row_for_each_tool(results):
    text = Reader(render(results, "r.json")).text
    for told in ("from your examples, 6 sentences", "made from name and description", "never asked for: ", "0.0 % of"):
        assert told in text
    assert tools.section(PASSING) is None
    assert "Tools" not in Reader(render(PASSING, "r.json")).text.split("Counterexamples")[0]


def test_without_examples_the_page_tells_what_was_kept_by_language():
    contracts = tuple(replace(c, languages=(replace(LOW, by="language", name="phrases"),)) for c in PASSING.contracts)
    plain = replace(PASSING, contracts=contracts, tools=REPORTS)
    found = tools.section(plain)
    assert found
    assert found["language_head"] == ("Contract", "phrases")
    assert len(found["language_rows"]) == len(contracts)
    assert "10.0 % of 20" in Reader(render(plain, "r.json")).text


def test_names_from_outside_cannot_break_out():
    hostile = replace(PASSING, tools=(ToolReport(HOSTILE, HOSTILE, never=HOSTILE), ToolReport("a", HOSTILE, "phrases")))
    assert "<script>" not in render(hostile, "r.json")
    assert "\x1b" not in "".join(tool_lines(hostile, 100, whole=True))
