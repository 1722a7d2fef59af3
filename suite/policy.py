"""The owner's policy: which contracts gate, which only report, which are not asked, and by what figures.

`[tool.callproof.bars]`, `--bar NAME=VALUE` and `gate(bars=...)` say it in one form; docs/policy.md tells it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from fixtures.errors import UserError, closest
from suite.contracts import CONTRACTS
from suite.judging.contract import Contract
from suite.lanes.budget import MOST_BUDGET, Budget, tests_in
from suite.outcome import Bar, Ceiling, Never, PolicyUsed, Rate, ReportOnly
from suite.results.summary import bar_text
from suite.settings import BAR_WORDS as WORDS
from suite.settings import DEFAULT_BUDGET
from suite.statistics.sequential import Risks
from suite.statistics.verdict import GATE_RISKS, least_to_pass, usual_to_pass

_FIGURES: Mapping[type, tuple[str, ...]] = {
    Rate: ("at_least", "acceptable"),
    ReportOnly: ("at_least", "acceptable"),
    Never: ("at_most", "acceptable", "strict"),
    Ceiling: ("at_most",),
}
"""What a table may say of a contract, by the bar that it has."""
WHERE = "[tool.callproof.bars] or --bar"
"""Where a bar stands; Python's `gate(bars=...)` means the same."""
Bars = Mapping[str, Any]


def with_bars(
    contracts: Sequence[Contract], bars: Bars, where: str = WHERE, budget: int = DEFAULT_BUDGET
) -> tuple[Contract, ...]:
    """The contracts by this policy, without those that are off; UserError for the first bar that cannot be.

    A shipped contract that is not among these may be named all the same: it is not asked this time. The error for a bar
    that no budget decides names one that `budget` does.
    """
    known = {contract.name for contract in (*CONTRACTS, *contracts)}
    for name in bars:
        if name not in known:
            names = sorted(known)
            problem = f"there is no contract {name!r}"
            raise UserError(f"{where} {name}", problem, allowed=", ".join(names), hint=closest(name, names))
    made = [
        _with(contract, bars[contract.name], where) if contract.name in bars else contract for contract in contracts
    ]
    kept = tuple(contract for contract in made if contract is not None)
    _check_decidable([contract for contract in kept if contract.name in bars], kept, where, budget)
    return kept


def _with(contract: Contract, value: Any, where: str) -> Contract | None:
    """The contract with this bar; None where it is off."""
    place = f"{where} {contract.name}"
    if value == "off":
        return None
    if value == "reports":
        return replace(contract, bar=ReportOnly())
    if value == "gates":
        if isinstance(contract.bar, ReportOnly):
            problem = "by default it does not gate, so it has no figures"
            raise UserError(place, problem, hint=f"{contract.name} = {{at_least = 0.9}}")
        return contract
    if not isinstance(value, Mapping):
        raise UserError(place, f"{value!r} is no bar", allowed=f"{', '.join(WORDS)}, or a table of figures")
    return _gating(contract, _bar(contract, value, place))


def _gating(contract: Contract, bar: Bar) -> Contract:
    """The contract with the bar; one that would only have been glanced at is measured like those that gate."""
    glanced = isinstance(contract.bar, ReportOnly) and not contract.rows
    return replace(contract, bar=bar, sample=None if glanced else contract.sample)


def _bar(contract: Contract, figures: Mapping[str, Any], place: str) -> Bar:
    kind = type(contract.bar)
    allowed = _FIGURES.get(kind, ())
    if not allowed:
        problem = "this contract has no figures"
        raise UserError(place, problem, allowed=", ".join(WORDS))
    if isinstance(contract.bar, ReportOnly) and contract.summarise is not None:
        raise UserError(place, "what it measures is a statistic, not a share of cases", allowed="reports, off")
    for name, figure in figures.items():
        _check_figure(name, figure, allowed, place)
    match contract.bar:
        case Never():
            bound = figures.get("at_most", contract.bar.bound)
            strict, acceptable = figures.get("strict", contract.bar.strict), figures.get("acceptable", math.nan)
            return _made(place, lambda: Never(bound, acceptable, strict=strict))
        case Ceiling():
            return replace(contract.bar, at_most=float(figures.get("at_most", contract.bar.at_most)))
    given: dict[str, Any] = {name: float(figure) for name, figure in figures.items()}
    if "at_least" not in given:
        if not isinstance(contract.bar, Rate):
            raise UserError(f"{place} at_least", "it is not given", allowed="a share between 0 and 1")
        given = {"at_least": contract.bar.at_least, **given}
    return _made(place, lambda: Rate(**given))


def _check_figure(name: str, figure: Any, allowed: Sequence[str], place: str) -> None:
    if name not in allowed:
        raise UserError(
            f"{place} {name}", "there is no such figure", allowed=", ".join(allowed), hint=closest(name, allowed)
        )
    if name == "strict":
        if not isinstance(figure, bool):
            raise UserError(f"{place} {name}", f"{figure!r} is neither true nor false", allowed="true or false")
        return
    number = isinstance(figure, int | float) and not isinstance(figure, bool)
    if not number or not 0 <= figure <= 1:
        raise UserError(f"{place} {name}", f"{figure!r} is no share", allowed="a number from 0 to 1, such as 0.9")


def _made(place: str, bar: Any) -> Bar:
    try:
        made: Bar = bar()
        return made
    except ValueError as error:
        raise UserError(place, str(error), hint="leave `acceptable` out, and it is chosen to fit") from error


def _check_decidable(changed: Sequence[Contract], all_: Sequence[Contract], where: str, budget: int) -> None:
    """Raise UserError for a bar whose two figures are so near that no budget tells them apart."""
    risks = GATE_RISKS.shared(tests_in(all_))
    for contract in changed:
        bar = contract.bar
        if contract.rows or not bar.gating or not isinstance(bar, Never | Rate):
            continue
        needed = _needed(bar, risks)
        if needed > Budget.of(MOST_BUDGET).measure:
            best = "kept without a failure" if _is_strict(bar) else "if the adapter is just acceptable"
            problem = f"it takes about {needed:,.0f} cases, {best}, to pass: no budget is that large"
            hint = f"figures further apart: --budget {budget} decides {_wider(bar, risks, budget)}"
            raise UserError(f"{where} {contract.name}", problem, hint=hint)


def _needed(bar: Never | Rate, risks: Risks) -> float:
    """How many cases a pass takes: on average at the acceptable rate; of a strict bar exactly."""
    return least_to_pass(bar, risks) if _is_strict(bar) else usual_to_pass(bar, risks)


def _is_strict(bar: Never | Rate) -> bool:
    return isinstance(bar, Never) and bar.strict


def _wider(bar: Never | Rate, risks: Risks, budget: int) -> str:
    """Figures near to these that this budget decides: the bar moves away from what is acceptable until half of the
    cases that it measures are enough on average, so that nearly all gates end decided; a strict one needs all."""
    measured = Budget.of(budget).measure
    enough = measured if _is_strict(bar) else measured / 2
    failing, wider = bar.bound if isinstance(bar, Never) else 1 - bar.at_least, bar
    while _needed(wider, risks) > enough:
        failing = _rounded_up(failing * 1.03)
        wider = replace(bar, bound=failing) if isinstance(bar, Never) else replace(bar, at_least=round(1 - failing, 9))
    if isinstance(wider, Never):
        rest = "strict = true" if wider.strict else f"acceptable = {wider.acceptable:g}"
        return f"{{at_most = {failing:g}, {rest}}}"
    return f"{{at_least = {wider.at_least:g}, acceptable = {wider.acceptable:g}}}"


def _rounded_up(share: float) -> float:
    """The next share of two significant digits."""
    digits = 1 - math.floor(math.log10(share))
    return float(f"{math.ceil(share * 10.0**digits - 1e-9) / 10.0**digits:.2g}")


def used(contracts: Sequence[Contract], bars: Bars, known: Sequence[Contract] = CONTRACTS) -> PolicyUsed:
    """What was gated by: the hash of the bars of these contracts, and in words what differs from the default."""
    now = {contract.name: contract.bar for contract in contracts}
    told = {name: [type(bar).__name__, asdict(bar)] for name, bar in sorted(now.items())}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]
    changes = [
        f"{contract.name}: {_told(now[contract.name])} instead of {_told(contract.bar)}"
        for contract in known
        if contract.name in now and now[contract.name] != contract.bar
    ]
    off = [f"{name}: not asked" for name, value in bars.items() if value == "off"]
    return PolicyUsed(digest, (*changes, *off))


def _told(bar: Bar) -> str:
    return bar_text(bar) if bar.gating else "not gating"
