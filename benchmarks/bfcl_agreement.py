"""Our judgement beside the Berkeley leaderboard's own checker, on the same perturbed right answers.

python -m benchmarks.bfcl_agreement --package FOLDER   (the folder bfcl_eval; see docs/outside-exams.md)
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from types import ModuleType, SimpleNamespace
from typing import Any

from fixtures.formats import load_format
from fixtures.rows.files import records
from fixtures.types import Case, ToolCall
from suite.exam.answers import answers
from suite.exam.outside.bfcl import CATEGORIES, read

Calls = tuple[ToolCall, ...]
Checker = Callable[..., Mapping[str, Any]]


def checker_of(package: Path) -> tuple[Checker, Any]:
    """The leaderboard's `ast_checker` and its Python language; a stub stands for its table of models, which imports all
    of their clients."""
    sys.path.insert(0, str(package.resolve().parent))
    stub = ModuleType("bfcl_eval.constants.model_config")
    stub.MODEL_CONFIG_MAPPING = {"any": SimpleNamespace(underscore_to_dot=False)}  # type: ignore[attr-defined]
    sys.modules[stub.__name__] = stub
    for name in ("java_type_converter", "js_type_converter"):
        converter = ModuleType(f"bfcl_eval.eval_checker.ast_eval.type_convertor.{name}")
        setattr(converter, name, None)
        sys.modules[converter.__name__] = converter
    module = importlib.import_module("bfcl_eval.eval_checker.ast_eval.ast_checker")
    return module.ast_checker, importlib.import_module("bfcl_eval.constants.enums").Language.PYTHON


def perturbed(calls: Calls, random: Random) -> Iterator[tuple[str, Calls]]:
    """The right calls, and each way in which one of them may differ, by its name."""
    yield "right", calls
    yield "other order", tuple(reversed(calls))
    yield "call doubled", (*calls, calls[0])
    yield "call left out", calls[1:]
    place = random.randrange(len(calls))
    one = calls[place]

    def put(name: str, arguments: Mapping[str, Any]) -> Calls:
        return (*calls[:place], ToolCall(name, arguments), *calls[place + 1 :])

    yield "tool renamed", put(one.name + "_x", one.arguments)
    yield "argument added", put(one.name, {**one.arguments, "surplus": 1})
    if not one.arguments:
        return
    key = random.choice(sorted(one.arguments))
    value = one.arguments[key]
    rest = {name: other for name, other in one.arguments.items() if name != key}
    yield "argument left out", put(one.name, rest)
    yield "argument renamed", put(one.name, {**rest, key + "_x": value})
    for how, other in _others(value):
        yield how, put(one.name, {**rest, key: other})


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    yield "null", None
    yield "empty text", ""
    yield "as text", str(value)
    if isinstance(value, str):
        yield from (("upper case", value.upper()), ("blanks and points", f" {value}. "), ("another text", value + " x"))
    elif isinstance(value, bool):
        yield from (("other truth", not value), ("truth as number", int(value)))
    elif isinstance(value, int | float):
        yield from (("number as float", float(value)), ("another number", value + 1))
    elif isinstance(value, list):
        yield from (("list reversed", value[::-1]), ("list longer", [*value, *value[:1]]), ("list empty", []))
        yield "texts of a list in upper case", [one.upper() if isinstance(one, str) else one for one in value]
        yield "numbers of a list as floats", [float(one) if type(one) is int else one for one in value]
    elif isinstance(value, dict) and value:
        yield from (("key added", {**value, "surplus": 1}), ("key left out", dict(list(value.items())[1:])))


def theirs(checker: Checker, language: Any, row: Any, truth: Any, category: str, calls: Calls) -> bool | None:
    """The leaderboard's verdict; None where its checker breaks down."""
    said = [{call.name: dict(call.arguments)} for call in calls]
    try:
        return bool(checker(row["function"], said, truth, language, category, "any")["valid"])
    except Exception:  # whatever its code raises is its answer
        return None


def compared(package: Path, seed: int) -> Iterator[tuple[str, str, str, bool, bool | None, Calls]]:
    """Category, id, kind of change, our verdict, theirs, and the calls."""
    checker, language = checker_of(package)
    form = load_format("functiongemma")
    for category in (name for name in CATEGORIES if "relevance" not in name):
        name = f"BFCL_v4_{category}.json"
        rows = {one.number: one.value for one in records(package / "data" / name)}
        told: list[Any] = [one.value for one in records(package / "data" / "possible_answer" / name)]
        truths = {one["id"]: one["ground_truth"] for one in told}
        for one in read("--package", str(package / "data" / category), form):
            if isinstance(one, str):
                continue
            row: Any = rows[one.line]
            for how, calls in perturbed(one.case.oracle.calls or (), Random(f"{seed}:{row['id']}")):
                verdict = theirs(checker, language, row, truths[row["id"]], category, calls)
                yield category, row["id"], how, _ours(one.case, calls), verdict, calls


def _ours(case: Case, calls: Calls) -> bool:
    return answers(case, calls)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the counts, and an example of each kind of disagreement."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bfcl_agreement")
    parser.add_argument("--package", type=Path, required=True, help="the folder bfcl_eval")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(argv)
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], list[str]] = {}
    total = 0
    for category, row, how, ours, other, calls in compared(options.package, options.seed):
        total += 1
        if ours != other:
            key = (how, "we accept" if ours else "they break down" if other is None else "they accept")
            counts[key] += 1
            examples.setdefault(key, []).append(f"{category} {row}: {calls}"[:400])
    sys.stdout.write(f"{total} pairs, {total - sum(counts.values())} judged alike, {sum(counts.values())} not\n")
    for key, count in counts.most_common():
        sys.stdout.write(
            f"{count:>6}  {key[0]}: {key[1]}\n" + "\n".join(f"        {one}" for one in examples[key][:2]) + "\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
