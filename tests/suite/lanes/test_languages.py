"""A gate in people's own words: what is told by language, what nobody said, and what is kept of failures."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from fixtures.choosing import SeededChooser
from fixtures.types import Case, Oracle, ToolCall
from suite import gate
from suite.contracts.right_arguments import right_arguments
from suite.contracts.right_tool import right_tool
from suite.exam.cases import clear
from suite.exam.scene import Scene
from suite.lanes.known import Corpus
from suite.lanes.languages import unjudged_of
from suite.lanes.rehearsal import right, scripted
from suite.outcome import Results
from suite.results.file import read, write
from suite.user_rows import Unjudged
from tests.own_rows import light, row, written

PROSE = "Sure, I will do that.<end_of_turn>"
GUEST = row("light up the room of our guest", ("set_light", {"zone": "suite 7"}))


def gated(folder: Path, answer: Any = right, **more: Any) -> tuple[Results, Any]:
    file = written(folder / "rows.jsonl", [*map(light, range(6)), GUEST])
    contracts = (right_tool, right_arguments)
    scene = Scene.on((), 20, examples=[file])
    engine, watched = scripted(contracts, answer, **more)
    assert scene.examples.rows == 7
    return gate("none", engine=engine, contracts=watched, examples=[file], budget=200, cache=folder / "cache"), engine


def test_cases_are_counted_apart_by_where_their_words_come_from(tmp_path: Path) -> None:
    results, _ = gated(tmp_path)
    found = {part.name: (part.held, part.trials) for part in results.contracts[0].languages}
    assert found.keys() == {"examples", "descriptions", "drawn"}
    assert all(held == trials for held, trials in found.values())
    assert sum(trials for _, trials in found.values()) == results.contracts[0].tally.trials
    assert results.examples
    assert results.examples.tools == {"set_light": "examples", "open_blinds": "descriptions"}


def test_whatever_nobody_said_is_right_and_counted(tmp_path: Path) -> None:
    def invents(case: Case) -> str:
        free = case.oracle.acceptable and case.oracle.acceptable[0][0].any
        if not free or not case.oracle.calls:
            return right(case)
        (call,) = case.oracle.calls
        invented = ToolCall(call.name, {**call.arguments, "zone": "nowhere"})
        return right(replace(case, oracle=Oracle((invented,))))

    results, _ = gated(tmp_path, invents)
    assert all(contract.tally.held == contract.tally.trials for contract in results.contracts)
    assert results.examples
    told = results.examples.unjudged
    assert 0 < told.requests < told.asked
    assert told.arguments == {"zone": told.requests}


def test_results_with_examples_come_back_equal_from_a_file(tmp_path: Path) -> None:
    results, _ = gated(tmp_path, lambda case: PROSE)
    write(results, tmp_path / "r.json")
    assert read(tmp_path / "r.json") == results


def test_a_failure_in_peoples_words_is_kept_with_its_language_and_what_it_accepts(tmp_path: Path) -> None:
    results, _ = gated(tmp_path, lambda case: PROSE)
    kept = Corpus(tmp_path / "cache" / "counterexamples").cases("right_tool")
    assert kept
    assert {case.language for case in kept} <= {"examples", "descriptions", "drawn"}
    for case in kept:
        for wanted in case.oracle.acceptable:
            assert [one.name for one in wanted] == [call.name for call in case.oracle.calls or ()]
    numbers = [results.first_number(contract) for contract in results.contracts]
    assert numbers == [1, 1 + len(results.contracts[0].counterexamples)]


def test_requests_that_several_contracts_ask_are_counted_once(tmp_path: Path) -> None:
    scene = Scene.on((), 0, examples=[written(tmp_path / "rows.jsonl", [GUEST])])
    case = next(c for n in range(99) if (c := clear(scene, SeededChooser(n))).language == "examples")
    assert unjudged_of([case, case]) == Unjudged(1, 1, {"zone": 1})
