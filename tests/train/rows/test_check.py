"""What a check of training data finds, line by line, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fixtures.datasets import hotel
from fixtures.formats import load_format
from fixtures.rows.reading import Row
from fixtures.types import ToolCall, assistant, user
from suite.lanes.known import Corpus
from tests.train.making import LAMP, good, write
from train.cli import main
from train.rows.advice import advise
from train.rows.data import read_rows
from train.rows.findings import Finding, lines_text
from train.rows.leaks import exam_cases, leaks
from train.rows.survey import contradictions, duplicates, is_grounded, near_duplicates, survey

SEEDCORE = Path(hotel.__file__).parent / "seedcore" / "intent-tool-dataset.jsonl"
REFUSAL = {**assistant((), "None of these tools can do that."), "confidence": 0.9}


def rows(*drawn: Any) -> list[Row]:
    return [Row(line, tuple(row["messages"]), tuple(row["tools"])) for line, row in enumerate(drawn, 1)]


def asked(text: str, room: str, **arguments: Any) -> dict[str, Any]:
    call = ToolCall("set_lamp", {"room": room, **arguments})
    return {"messages": [user(text), assistant([call])], "tools": [LAMP.declaration()]}


def confident(confidence: float) -> dict[str, Any]:
    before, answer = good()["messages"]
    return {**good(), "messages": [before, {**answer, "confidence": confidence}]}


REFUSING = {**good(), "messages": [user("Sing!"), REFUSAL]}


def rules(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.rule: finding for finding in findings}


def test_values_that_nobody_said_are_told_by_parameter_with_their_share() -> None:
    found = rules(survey(rows(*[asked("light in the lobby", "lobby")] * 2, asked("some light", "hall"))))
    finding = found["ungrounded argument"]
    assert finding.group == "teaches the fault"
    assert "33% (1 of 3) of the values of set_lamp /room were never said" in finding.text
    assert finding.lines == (3,)
    assert "--context-field" in finding.cure
    assert "--drop-ungrounded" in finding.cure


def test_said_values_are_no_finding() -> None:
    assert "ungrounded argument" not in rules(survey(rows(good("lobby"), good("hall"))))


def test_one_question_with_two_answers_is_a_contradiction_and_with_one_a_duplicate() -> None:
    twice = rows(asked("Light  in the LOBBY", "lobby"), asked("light in the lobby", "lobby", level=5))
    (finding,) = contradictions(twice)
    assert finding.lines == (1, 2)
    assert not list(duplicates(twice))
    (same,) = duplicates(rows(good(), good("hall"), good()))
    assert same.lines == (1, 3)
    assert not list(contradictions(rows(good(), good())))


def test_other_tools_make_another_question() -> None:
    one, other = good(), {**asked("Light in the lobby", "lobby", level=1), "tools": []}
    assert not list(contradictions(rows(one, other)))


def test_requests_that_differ_by_a_word_are_nearly_the_same() -> None:
    now, soon = (asked(f"please turn on the light in the lobby {when}", "lobby") for when in ("now", "soon"))
    (finding,) = near_duplicates(rows(now, asked("Open all the doors", "hall"), soon))
    assert finding.lines == (1, 3)
    assert "67% (2 of 3)" in finding.text


def test_what_is_missing_or_one_sided_is_told() -> None:
    found = rules(survey(rows(*[good(on=True)] * 30)))
    assert found["missing negatives"].group == "teaches the fault"
    assert {"no choice", "missing ambiguity", "no confidence", "one value dominates"} <= set(found)


def test_a_constant_confidence_is_a_lesson_and_a_varied_one_is_none() -> None:
    sure = [confident(0.95)] * 3
    assert "constant confidence" in rules(survey(rows(*sure)))
    assert "constant confidence" not in rules(survey(rows(*sure, REFUSING)))


def test_tools_that_no_row_calls_are_named() -> None:
    unused = {**LAMP.declaration()["function"], "name": "set_fan"}
    row = {**good(), "tools": [LAMP.declaration(), {"type": "function", "function": unused}]}
    assert "set_fan" in rules(survey(rows(row)))["tool never called"].text


def test_the_hotel_dataset_teaches_no_fault_and_does_not_leak() -> None:
    built = rows(*hotel.build(400, seed=1, split="train"))
    found = [*survey(built), *leaks(built, 0, (), Path("nowhere"))]
    assert not [f for f in found if f.group == "teaches the fault"]


def test_requests_and_tools_of_the_exam_are_leaks(tmp_path: Path) -> None:
    case = next(c for c in exam_cases(0) if c.catalog.name == "drawn" and c.oracle.calls and len(c.messages) == 1)
    row = {"messages": [*case.messages, assistant(case.oracle.calls or ())], "tools": case.catalog.declarations()}
    found = rules(leaks(rows(row), 0, (), tmp_path))
    assert found["leaked request"].lines == (1,)
    assert found["leaked request"].group == "teaches the fault"
    assert set(found["leaked tool name"].figures["shared"]) == set(case.catalog.names)
    assert "leaked request" not in rules(leaks(rows(row), 12345, (), tmp_path))


def test_a_known_counterexample_in_the_rows_is_a_leak(tmp_path: Path) -> None:
    case = exam_cases(99)[0]
    Corpus(tmp_path).keep("chooses_a_tool", case)
    row = {"messages": [*case.messages, assistant(case.oracle.calls or ())], "tools": case.catalog.declarations()}
    found = [f for f in leaks(rows(row), 0, (), tmp_path) if f.rule == "leaked request"]
    assert [("known counterexamples" in f.text) for f in found] == [True]


def test_advice_names_the_phase_and_the_number_that_stops_it() -> None:
    plain = rows(good(), good("hall"))
    assert advise([], [Finding("breaks training", "broken row", "", (1,))], gpu=False).phase == 0
    assert "1 of 3 rows" in advise(plain, [Finding("breaks training", "broken row", "", (3,))], gpu=False).text
    second = advise(plain, [], gpu=False)
    assert second.phase == 2
    assert "0 of 2 rows are requests that nothing fits" in second.text
    full = rows(confident(0.5), REFUSING)
    third = advise(full, [Finding("teaches the fault", "contradiction", "", (1,))], gpu=False)
    assert third.phase == 3
    assert all(text in third.text for text in ("1 of 2 rows contradict", "2 rows are under 1000", "0 GPUs"))
    assert advise(full * 600, [], gpu=True).phase == 4


def test_the_context_of_a_row_goes_into_its_prompt_and_grounds_its_values(tmp_path: Path) -> None:
    row = {**asked("some light", "hall"), "places": ["hall", "lobby"]}
    form = load_format("functiongemma")
    path = write(tmp_path / "rows.jsonl", [row])
    (bare,), (told,) = read_rows(path, form).rows, read_rows(path, form, context_field="places").rows
    assert not is_grounded(bare)
    assert is_grounded(told)
    assert told.messages[0]["content"] == f'{form.developer}\n["hall", "lobby"]'
    (fault,) = read_rows(path, form, context_field="devices").faults
    assert fault.pointer == "/devices"


@pytest.mark.parametrize(("lines", "text"), [((), ""), ((3,), "line 3"), (tuple(range(1, 11)), "lines 1, 2, 3")])
def test_lines_are_listed_shortly(lines: tuple[int, ...], text: str) -> None:
    assert lines_text(lines).startswith(text)
    assert len(lines_text(lines)) < 60


def test_the_command_finds_what_is_wrong_with_seedcores_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    breaking = {"user_content": "Is the fan fine?", "tool_name": "tuya.get_status", "tool_arguments": '{"device": "f"}'}
    twin = {"user_content": "Lamp off!", "tool_name": "tuya.get_status", "tool_arguments": '{"device_id": "lamp"}'}
    data = tmp_path / "rows.jsonl"
    data.write_text(SEEDCORE.read_text() + "".join(json.dumps(row) + "\n" for row in (breaking, twin, twin)))
    report = tmp_path / "report.json"
    assert main(["check", str(data), "--tools", "tuya", "--json", str(report)]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "'device_id' is a required property line 351" in printed
    assert "92% (233 of 252) of the values of tuya.send_command /device_id were never said" in printed
    assert "lines 105, 244" in printed
    assert "lines 352, 353" in printed
    assert "ready for phase 1" in printed
    document = json.loads(report.read_text())
    assert document["data"]["rows"] == 352
    assert document["findings"][0]["group"] == "breaks training"


def test_data_without_a_broken_row_ends_with_0(tmp_path: Path) -> None:
    assert main(["check", str(write(tmp_path / "rows.jsonl", [good()]))]) == 0
