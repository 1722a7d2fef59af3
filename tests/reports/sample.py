"""Two gates written by hand: one that passes, and one that shows every way of not passing, with hostile replies."""

from __future__ import annotations

from dataclasses import replace

from fixtures.types import Case, Catalog, Oracle, Tool, ToolCall, assistant, user
from suite.outcome import (
    Bar,
    Bin,
    CalibratorUsed,
    Ceiling,
    ContractResult,
    Counterexample,
    Identity,
    Interval,
    Never,
    Rate,
    ReportOnly,
    Results,
    Tally,
)
from suite.statistics.stats import clopper_pearson
from suite.statistics.verdict import judge

ZONE = {"type": "string", "description": "Where"}
LEVEL = {"type": "integer", "minimum": 0, "maximum": 100}
SET_LIGHT = Tool(
    "set_light",
    "Dim or brighten the lights of a zone",
    {"type": "object", "properties": {"zone": ZONE, "level": LEVEL}, "required": ["zone", "level"]},
)
OPEN_BLINDS = Tool(
    "open_blinds",
    "Open the blinds of a room",
    {
        "type": "object",
        "properties": {"room": {"type": "string"}, "side": {"enum": ["east", "west"]}},
        "required": ["room"],
    },
)
HOTEL = Catalog("hotel_lights", (SET_LIGHT, OPEN_BLINDS))
HOSTILE = '<script>alert("gate passed")</script></pre>\x1b[2J\u202e{"function": "dim_light"}'
REPLAY = "pytest --adapter runs/hotel/adapter --catalog hotel_lights --seed 7 --budget 400 -k {}"

INVENTED = Counterexample(
    contract="never_hallucinates_tools",
    case=Case(HOTEL, (user("dim the lobby to 20"),), Oracle((ToolCall("set_light", {"zone": "lobby", "level": 20}),))),
    raw=HOSTILE,
    got="calls dim_light",
    wanted="only set_light, open_blinds, or no call",
    lane="search",
    minimal=True,
    replay=REPLAY.format("never_hallucinates_tools"),
)
FORGOTTEN = Counterexample(
    contract="chooses_a_tool",
    case=Case(
        Catalog("hotel_lights", (SET_LIGHT,), "must_choose"),
        (
            user("open the blinds in 12"),
            assistant([ToolCall("open_blinds", {"room": "12"})]),
            user('a bit "brighter" <b>please</b>\nin the salle à manger'),
        ),
        Oracle((ToolCall("set_light", {"zone": "salle à manger", "level": 80}),)),
        "after_history",
    ),
    raw="Sure, I will make it brighter for you.<end_of_turn>",
    got="no call",
    wanted="set_light",
    lane="measure",
    minimal=False,
    replay=REPLAY.format("chooses_a_tool"),
)

SURE = tuple(
    Bin(confidence, clopper_pearson(right, count), count)
    for confidence, right, count in [(0.61, 22, 30), (0.78, 24, 30), (0.9, 27, 30), (0.96, 29, 30), (0.99, 30, 30)]
)
TOO_SURE = tuple(
    Bin(confidence, clopper_pearson(right, count), count)
    for confidence, right, count in [(0.9, 9, 38), (0.95, 18, 37), (0.97, 20, 38), (0.99, 25, 37)]
)


def figures(kind: str, ece: Interval) -> dict[str, Interval]:
    rest = {"accuracy": 0.88, "mean_confidence": 0.85, "brier": 0.09, "auroc": 0.81}
    return {f"{kind} ece": ece, **{f"{kind} {name}": Interval(x, x - 0.04, x + 0.05) for name, x in rest.items()}}


def contract(name: str, promise: str, bar: Bar, tally: Tally) -> ContractResult:
    verdict, held_rate = judge(tally, bar, {})
    return ContractResult(name, promise, bar, verdict, tally, held_rate)


def calibrated(bar: Ceiling, tally: Tally, ece: Interval, points: tuple[Bin, ...]) -> ContractResult:
    measures = {"ece": ece, **figures("likelihood", ece)}
    verdict, held_rate = judge(tally, bar, measures)
    promise = "How sure a reply is tells how often such replies are right."
    curves = {"likelihood": points}
    return ContractResult("calibrated_confidence", promise, bar, verdict, tally, held_rate, measures, curves)


CHOOSES = contract(
    "chooses_a_tool", "When a declared tool serves the request, the reply calls a tool.", Rate(0.95), Tally(300, 298)
)
DECLARED = contract(
    "never_hallucinates_tools",
    "Every tool that the reply calls is declared in this turn.",
    Never(0.01, strict=True),
    Tally(300, 300),
)
VALID = contract(
    "valid_calls", "A reply parses clean and keeps the schema of its tool.", Rate(0.95), Tally(291, 290, 9)
)
CALIBRATED = calibrated(Ceiling("ece", 0.15), Tally(150, 132), Interval(0.031, 0.004, 0.066), SURE)
SALVAGED = contract("needs_no_repair", "A reply parses without repair.", ReportOnly(), Tally(300, 276))

PASSING = Results(
    identity=Identity("tiny", "9b1c" * 16, "runs/hotel/adapter", "3f2a9c10d4e8" * 5, "functiongemma", "77aa" * 16),
    catalogs={"hotel_rooms": "1a2b" * 16, "hotel_lights": "c3d4" * 16},
    seed=7,
    budget=400,
    max_new_tokens=160,
    started="2026-10-03T21:14:05+00:00",
    seconds=71.32,
    calls={"generated": 1100, "cached": 104},
    libraries={"callproof": "0.1.0", "torch": "2.13.0", "transformers": "5.23.0"},
    risks={"alpha": 0.05, "beta": 0.05},
    contracts=(CHOOSES, DECLARED, VALID, CALIBRATED, SALVAGED),
    calibrator=CalibratorUsed("isotonic", "likelihood", "51c0ffee" * 2),
)
FAILING = replace(
    PASSING,
    contracts=(
        replace(contract(CHOOSES.name, CHOOSES.promise, CHOOSES.bar, Tally(300, 285)), counterexamples=(FORGOTTEN,)),
        replace(
            contract(DECLARED.name, DECLARED.promise, Never(0.01, strict=True), Tally(300, 297, 0, 2)),
            counterexamples=(INVENTED,),
        ),
        contract(VALID.name, VALID.promise, VALID.bar, Tally(0, 0, 300)),
        calibrated(Ceiling("ece", 0.15), Tally(150, 72), Interval(0.47, 0.38, 0.56), TOO_SURE),
        SALVAGED,
    ),
)
