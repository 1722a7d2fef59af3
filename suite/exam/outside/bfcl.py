"""The Berkeley function-calling leaderboard's single-turn Python rows, from the data folder of its package."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.rows.files import records
from fixtures.types import Wanted
from suite.exam.outside.posed import IRRELEVANCE, LeftOut, Posed, any_call, declared, posed
from suite.exam.outside.values import wanted_call

CATEGORIES = (
    "simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance", "live_simple", "live_multiple",
    "live_parallel", "live_parallel_multiple", "live_relevance", "live_irrelevance",
)  # fmt: skip


def questions_of(option: str, name: str) -> Path:
    """The file of questions that FOLDER/CATEGORY means; raises UserError for a category that is not known."""
    folder, category = Path(name).parent, Path(name).name
    if category not in CATEGORIES:
        raise UserError(option, f"{category!r} is no category that can be asked", allowed=", ".join(CATEGORIES))
    places = [place for base in (folder, folder / "data") if (place := base / f"BFCL_v4_{category}.json").exists()]
    if not places:
        hint = "give the folder of the package bfcl-eval, or its folder data"
        raise UserError(option, f"there is no BFCL_v4_{category}.json in {folder}", hint=hint)
    return places[0]


def read(option: str, name: str, form: Format) -> Iterator[Posed | str]:
    """The rows of a category; of one that cannot be asked its id, and why."""
    place, category = questions_of(option, name), Path(name).name
    answers = {} if "relevance" in category else _answers(place, option)
    for record in records(place, option):
        row = record.value
        if not isinstance(row, dict) or not {"id", "question", "function"} <= row.keys():
            raise UserError(f"{option}:{record.number}", "this is no question of the leaderboard's form")
        try:
            yield _row(record.number, row, category, answers, form)
        except LeftOut as reason:
            yield f"{row['id']}: {reason}"


def _answers(place: Path, option: str) -> dict[str, Any]:
    file = place.parent / "possible_answer" / place.name
    told = [record.value for record in records(file, option)]
    return {str(row["id"]): row["ground_truth"] for row in told if isinstance(row, dict) and "ground_truth" in row}


def _row(line: int, row: Mapping[str, Any], category: str, answers: Mapping[str, Any], form: Format) -> Posed:
    turns = row["question"]
    if not isinstance(turns, list) or len(turns) != 1 or not isinstance(turns[0], list):
        raise LeftOut("it has more than one turn")
    kind = IRRELEVANCE if category.endswith("irrelevance") else category
    sets = _sets(row, category, answers)
    return posed(line, turns[0], row["function"], form, sets, name=f"bfcl {category}", kind=kind)


def _sets(row: Mapping[str, Any], category: str, answers: Mapping[str, Any]) -> list[list[Wanted]]:
    if category.endswith("irrelevance"):
        return [[]]
    _, tools = declared(row["function"])
    if category.endswith("relevance"):
        return [[any_call(tool)] for tool in tools]
    schemas = {tool.name: tool.parameters for tool in tools}
    truth = answers.get(str(row["id"]))
    if not truth:
        raise LeftOut("it has no accepted answer")
    calls = [
        wanted_call(name, told, schemas[name]) if name in schemas else None
        for one in truth
        for name, told in one.items()
    ]
    kept = [call for call in calls if call is not None]
    if len(kept) < len(calls):
        raise LeftOut("its tools' own schemas refuse every accepted answer")
    return [kept]
