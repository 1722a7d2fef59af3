"""Counterexamples as rows: appended whole or not at all, and none twice."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.types import Oracle, Variant, Wanted, user
from suite.__main__ import main
from suite.exam.own import read_own
from suite.outcome import Results
from suite.results.file import write
from suite.results.keeping import chosen, keep, row_of
from tests.reports.sample import FAILING, FORGOTTEN, INVENTED, PASSING

FORM = "functiongemma"


def results(folder: Path, of: Results = FAILING) -> str:
    write(of, folder / "results.json")
    return str(folder / "results.json")


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_kept_is_read_again_and_must_hold(tmp_path: Path) -> None:
    out = tmp_path / "incidents.jsonl"
    assert main(["keep", results(tmp_path), "--out", str(out)]) == 0
    found = read_own([str(out)], [], load_format(FORM))
    assert [one.must for one in found.rows] == [True, True]
    assert [one.case.request for one in found.rows] == [FORGOTTEN.case.request, INVENTED.case.request]
    assert found.rows[1].tags == ("never_hallucinates_tools",)
    assert found.rows[1].case.oracle.calls == INVENTED.case.oracle.calls


def test_no_row_is_kept_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "incidents.jsonl"
    file = results(tmp_path)
    main(["keep", file, "--number", "2", "--out", str(out)])
    main(["keep", file, "--out", str(out)])
    assert len(lines(out)) == 2
    assert "kept 1 of 2" in capsys.readouterr().out
    before = out.read_bytes()
    main(["keep", file, "--out", str(out)])
    assert out.read_bytes() == before


def test_what_stands_in_the_file_stays_as_it_is(tmp_path: Path) -> None:
    out = tmp_path / "incidents.jsonl"
    out.write_text('{"messages":  [ ]}')
    keep([INVENTED], FORM, out)
    assert out.read_text().startswith('{"messages":  [ ]}\n{"messages"')


@pytest.mark.parametrize("text", ["no rows\n", '["a list"]\n', '{"a": 1}\n{"a":'])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, text: str) -> None:
    out = tmp_path / "notes.txt"
    out.write_text(text)
    with pytest.raises(UserError, match=r"--out .*notes\.txt"):
        keep([INVENTED], FORM, out)
    assert out.read_text() == text


@pytest.mark.parametrize("number", [0, 3])
def test_a_number_that_no_counterexample_has_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    assert main(["keep", results(tmp_path), "--number", str(number), "--out", str(tmp_path / "o.jsonl")]) == 2
    assert "1 to 2" in capsys.readouterr().err
    assert not (tmp_path / "o.jsonl").exists()


def test_without_a_counterexample_there_is_nothing_to_keep() -> None:
    with pytest.raises(UserError, match="no counterexample"):
        chosen(PASSING, None, "results.json")


def test_what_has_no_row_is_told_and_left_out(tmp_path: Path) -> None:
    unknown = replace(INVENTED, case=replace(INVENTED.case, oracle=Oracle()))
    nothing = replace(FORGOTTEN, case=replace(FORGOTTEN.case, oracle=Oracle(())))
    found = keep([unknown, nothing], FORM, tmp_path / "o.jsonl")
    assert (found.written, len(found.left_out)) == (0, 2)
    assert "not known" in found.left_out[0]
    assert "policy" in found.left_out[1]
    assert not (tmp_path / "o.jsonl").exists()


def test_of_a_pair_the_one_that_was_asked_otherwise_is_kept() -> None:
    other = replace(INVENTED.case, messages=(user("DIM THE LOBBY TO 20"),))
    row = row_of(replace(INVENTED, case=replace(INVENTED.case, variant=Variant("in capitals", other))), FORM)
    assert isinstance(row, dict)
    assert row["messages"][0]["content"] == "DIM THE LOBBY TO 20"


def test_what_was_acceptable_stays_acceptable() -> None:
    arguments = {"zone": "lobby", "level": 20}
    own, other = Wanted("set_light", arguments), Wanted("set_light", arguments, any=("level",))
    oracle = replace(INVENTED.case.oracle, acceptable=((own,), (other,), ()))
    row = row_of(replace(INVENTED, case=replace(INVENTED.case, oracle=oracle)), FORM)
    assert isinstance(row, dict)
    assert row["acceptable"] == [[{"name": "set_light", "arguments": arguments, "any": ["level"]}], []]
