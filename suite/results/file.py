"""The results file: versioned JSON that holds every input of the verdict, the verdict, and what it rests on.

`results.schema.json` beside this file is the contract with other readers; files are checked against it when they are
read, and what was written comes back equal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.reading.strict import read_json
from suite.outcome import (
    Bar,
    Bin,
    CalibratorUsed,
    Ceiling,
    ContractResult,
    Counterexample,
    Every,
    Identity,
    Interval,
    Never,
    NoWorse,
    OwnReport,
    PairedPart,
    PolicyUsed,
    Rate,
    Readings,
    ReportOnly,
    Results,
    Slice,
    Tally,
    ToolReport,
    Verdict,
    WrongArgument,
)
from suite.results.asked import asked_from_json, asked_to_json
from suite.results.cases import case_from_json, case_id, case_to_json
from suite.settings import MADE_UP
from suite.user_rows import BrokenRow, Called, ExampleReport, Unjudged

SCHEMA_VERSION = 1
SCHEMA_FILE = Path(__file__).with_name("results.schema.json")

_BARS: Mapping[str, type[Bar]] = {
    "never": Never, "rate": Rate, "ceiling": Ceiling, "report_only": ReportOnly, "no_worse": NoWorse,
    "every": Every,
}  # fmt: skip
_BAR_NAMES = {kind: name for name, kind in _BARS.items()}


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of results files."""
    loaded: dict[str, Any] = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    return loaded


def write(results: Results, path: Path) -> None:
    """Write a results file, whole or not at all; UserError if the place cannot be written to."""
    # ASCII, because a reply may hold what UTF-8 cannot (half a surrogate pair); allow_nan, because JSON has no NaN.
    write_text(path, json.dumps(to_json(results), indent=2, ensure_ascii=True, allow_nan=False) + "\n")


def read(path: Path) -> Results:
    """Read and check a results file; UserError says what is wrong with it and where."""
    document = _load(path)
    _check_version(path, document)
    _check_schema(path, document)
    try:
        results = from_json(document)
    except ValueError as error:
        hint = "run the gate again: this file was changed by hand"
        raise UserError(str(path), f"it cannot be read: {error}", hint=hint) from None
    if document["passed"] != results.passed:
        problem = f"passed is {json.dumps(document['passed'])}, but the verdicts of the contracts say otherwise"
        raise UserError(f"{path} /passed", problem, hint="run the gate again: this file was changed by hand")
    return results


def _load(path: Path) -> Any:
    hint = "write one with: pytest --adapter PATH --results FILE"
    if not path.exists():
        raise UserError(str(path), "there is no such file", hint=hint)
    try:
        return read_json(path, own=True)
    except UserError as error:
        raise UserError(error.where, error.problem, allowed="a results file", hint=hint) from None


def _check_version(path: Path, document: Any) -> None:
    version = document.get("schema_version") if isinstance(document, dict) else None
    if version is None or isinstance(version, bool) or not isinstance(version, int):
        raise UserError(f"{path} /schema_version", "this is no results file: it names no version", allowed="1")
    if version != SCHEMA_VERSION:
        raise UserError(
            f"{path} /schema_version",
            f"schema_version={version} is not one this callproof reads",
            allowed=str(SCHEMA_VERSION),
            hint="read it with the callproof that wrote it, or run the gate again",
        )


def _check_schema(path: Path, document: Any) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema()).iter_errors(document))
    if error is not None:
        pointer = "".join(f"/{_pointer_part(part)}" for part in error.absolute_path)
        problem = error.message if len(error.message) <= 300 else f"{error.message[:300]}..."
        raise UserError(f"{path} {pointer or '/'}", problem, allowed=f"what {SCHEMA_FILE.name} says")


def _pointer_part(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def to_json(results: Results) -> dict[str, Any]:
    """The document of a results file; `passed` is there for other readers and follows from the rest."""
    return {
        "schema_version": SCHEMA_VERSION,
        "passed": results.passed,
        "identity": asdict(results.identity),
        "champion": None if results.champion is None else asdict(results.champion),
        "calibrator": None if results.calibrator is None else asdict(results.calibrator),
        "catalogs": dict(results.catalogs),
        "made_up_percent": results.made_up_percent,
        "as_deployed_percent": results.as_deployed_percent,
        "seed": results.seed,
        "budget": results.budget,
        "to_the_end": results.to_the_end,
        "max_new_tokens": results.max_new_tokens,
        "started": results.started,
        "seconds": results.seconds,
        "calls": dict(results.calls),
        "libraries": dict(results.libraries),
        "risks": dict(results.risks),
        "contracts": [_contract_to_json(contract) for contract in results.contracts],
        **({} if results.readings is None else {"readings": asdict(results.readings)}),
        **({} if results.policy is None else {"policy": asdict(results.policy)}),
        **({} if results.own is None else {"own": asdict(results.own)}),
        **({} if results.examples is None else {"examples": asdict(results.examples)}),
        **({"tools": [asdict(tool) for tool in results.tools]} if results.tools else {}),
    }


def from_json(document: Mapping[str, Any]) -> Results:
    """The results of a document that keeps the schema."""
    plain = ("catalogs", "seed", "budget", "max_new_tokens", "started", "seconds", "calls", "libraries", "risks")
    return Results(
        identity=Identity(**document["identity"]),
        champion=None if document["champion"] is None else Identity(**document["champion"]),
        made_up_percent=document.get("made_up_percent", MADE_UP),
        as_deployed_percent=document.get("as_deployed_percent", 0),  # files of before there were such cases
        to_the_end=document.get("to_the_end", False),
        calibrator=None if document["calibrator"] is None else CalibratorUsed(**document["calibrator"]),
        contracts=tuple(_contract_from_json(contract) for contract in document["contracts"]),
        readings=Readings(**document["readings"]) if "readings" in document else None,
        policy=_policy_used(document["policy"]) if "policy" in document else None,
        own=_own_from_json(document["own"]) if "own" in document else None,
        examples=_examples_from_json(document["examples"]) if "examples" in document else None,
        tools=tuple(
            ToolReport(**{**tool, "kept": _slices_from_json(tool["kept"])}) for tool in document.get("tools", ())
        ),
        **{name: document[name] for name in plain},
    )


def _policy_used(document: Mapping[str, Any]) -> PolicyUsed:
    return PolicyUsed(document["digest"], tuple(document["changes"]))


def _own_from_json(document: Mapping[str, Any]) -> OwnReport:
    return OwnReport(
        **{
            **document,
            "slices": _slices_from_json(document["slices"]),
            "called": tuple(Called(**pair) for pair in document["called"]),
            "broken": tuple(BrokenRow(**{**row, "tags": tuple(row["tags"])}) for row in document["broken"]),
            "contrary": tuple(map(tuple, document.get("contrary", ()))),
            "unjudged": Unjudged(**document.get("unjudged", {})),
        }
    )


def _slices_from_json(document: Sequence[Mapping[str, Any]]) -> tuple[Slice, ...]:
    return tuple(Slice(**{**part, "rate": Interval(**part["rate"])}) for part in document)


def _examples_from_json(document: Mapping[str, Any]) -> ExampleReport:
    return ExampleReport(**{**document, "unjudged": Unjudged(**document["unjudged"])})


def _contract_to_json(result: ContractResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "promise": result.promise,
        "bar": {"kind": _BAR_NAMES[type(result.bar)], **asdict(result.bar)},
        "verdict": asdict(result.verdict),
        "tally": asdict(result.tally),
        "held_rate": None if result.held_rate is None else asdict(result.held_rate),
        "measures": {name: asdict(interval) for name, interval in result.measures.items()},
        "curves": {name: [asdict(point) for point in points] for name, points in result.curves.items()},
        "counterexamples": [_counterexample_to_json(example) for example in result.counterexamples],
        **({"wrong": [asdict(one) for one in result.wrong]} if result.wrong else {}),
        **({"cut_short": result.cut_short} if result.cut_short else {}),
        **({"languages": [asdict(part) for part in result.languages]} if result.languages else {}),
        **({"asked": asked_to_json(result.asked)} if result.asked else {}),
        **({"paired": [asdict(part) for part in result.paired]} if result.paired else {}),
    }


def _contract_from_json(document: Mapping[str, Any]) -> ContractResult:
    held_rate = document["held_rate"]
    return ContractResult(
        name=document["name"],
        promise=document["promise"],
        bar=_bar_from_json(document["bar"]),
        verdict=Verdict(**document["verdict"]),
        tally=Tally(**document["tally"]),
        held_rate=None if held_rate is None else Interval(**held_rate),
        measures={name: Interval(**interval) for name, interval in document["measures"].items()},
        curves={name: tuple(map(_bin_from_json, points)) for name, points in document["curves"].items()},
        counterexamples=tuple(map(_counterexample_from_json, document["counterexamples"])),
        wrong=tuple(WrongArgument(**one) for one in document.get("wrong", ())),
        cut_short=document.get("cut_short", ""),
        languages=_slices_from_json(document.get("languages", ())),
        asked=asked_from_json(document["asked"]) if "asked" in document else (),
        paired=tuple(PairedPart(**part) for part in document.get("paired", ())),
    )


def _bar_from_json(document: Mapping[str, Any]) -> Bar:
    given = {name: value for name, value in document.items() if name != "kind"}
    if document["kind"] == "never" and "strict" not in given:  # of before there were others
        given |= {"strict": True, "acceptable": 0.0}
    return _BARS[document["kind"]](**given)


def _bin_from_json(document: Mapping[str, Any]) -> Bin:
    return Bin(document["confidence"], Interval(**document["accuracy"]), document["count"])


def _counterexample_to_json(example: Counterexample) -> dict[str, Any]:
    plain = ("contract", "raw", "other", "got", "wanted", "lane", "minimal", "replay")
    beside = {"neighbours": example.neighbours, "broken_beside": example.broken_beside} if example.neighbours else {}
    told = {"id": case_id(example.case), **{name: getattr(example, name) for name in plain}}
    return {**told, "case": case_to_json(example.case), **beside}


def _counterexample_from_json(document: Mapping[str, Any]) -> Counterexample:
    given = {name: value for name, value in document.items() if name != "id"}  # it follows from the case
    return Counterexample(**{**given, "case": case_from_json(document["case"])})
