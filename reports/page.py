"""The results as one page, in the order in which they matter: the verdict, what closes it, what would worry whoever
ships, all contracts on one scale, the counterexamples, and then what is folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports import markup
from reports.sections import (
    champion,
    counterexamples,
    figures,
    languages,
    own_cases,
    tools,
    training_curve,
    training_data,
)
from reports.sections.training_curve import Log
from reports.sections.training_data import Check
from suite.outcome import ContractResult, Interval, Results
from suite.results.file import SCHEMA_VERSION
from suite.results.summary import (
    aside_counts,
    bar_text,
    calibrator_text,
    closes_gate,
    draws_text,
    headline,
    interval_note,
    readings_text,
    risk_note,
    share_range,
    standing,
)
from suite.results.table import BAD, bad, bar_on_scale, cases_text, in_order, kept, share_of_bar
from suite.results.wording import percent, percent_seen

WORRY = f"Not gating, and kept in less than {percent(BAD)}"
Facts = Sequence[tuple[str, Sequence[tuple[str, str]]]]


@dataclass(frozen=True, slots=True)
class Row:
    """A contract in the table; `number` is its place in the results, `bar_at` that of the bar in percent."""

    number: int
    contract: ContractResult
    figure: Interval | None
    bar_at: float | None
    examples: tuple[int, ...]

    @property
    def kept(self) -> str:
        return percent_seen(self.figure.estimate) if self.figure else "-"

    @property
    def interval(self) -> str:
        return share_range(self.figure) if self.figure else ""

    @property
    def cases(self) -> str:
        return cases_text(self.contract)

    @property
    def bar(self) -> str:
        return bar_on_scale(self.contract.bar) if self.contract.bar.gating else ""

    @property
    def owners_bar(self) -> str:
        return bar_text(self.contract.bar)

    @property
    def said(self) -> str:
        """The drawing in words."""
        told = f"{self.kept}, {self.interval}" if self.figure else "nothing was measured"
        return f"{told}; bar: {self.bar or 'none'}"

    @property
    def first(self) -> int:
        return self.examples[0] if self.examples else 0

    @property
    def aside(self) -> list[str]:
        cut = self.contract.cut_short
        return [*aside_counts(self.contract), *([f"cut short by the failure of {cut}"] if cut else [])]


def render(results: Results, source: str, check: Check | None = None, log: Log | None = None) -> str:
    """The page as text; `source` names the results file, `check` is what was found in the training data, `log` the
    figures of the training by step."""
    rows = {id(contract): _row(results, number, contract) for number, contract in enumerate(results.contracts)}
    gating, others = in_order(results.contracts)
    policy = results.policy
    return markup.render(
        "page.html.jinja",
        style=markup.style(), results=results, source=source, version=SCHEMA_VERSION,
        headline=headline(results), standing=f"{standing(results)}{_beside(others)}",
        closing=[rows[id(contract)] for contract in gating if closes_gate(contract)],
        worry=WORRY, bad=[rows[id(contract)] for contract, _ in bad(results.contracts)],
        warnings=list(_warnings(results, check)),
        groups=[
            (title, [rows[id(contract)] for contract in some])
            for title, some in (("Gating", gating), ("Measured, not gating; the worst first", others)) if some
        ],
        note=interval_note(results.contracts), cards=counterexamples.section(results),
        champion=champion.section(results), own=own_cases.section(results.own), examples=languages.section(results),
        tools=tools.section(results), figures=figures.section(results),
        policy_changes=policy.changes if policy else (), policy_digest=policy.digest if policy else "",
        policy_note=_policy_note(results), risk_note=risk_note(results), check=training_data.section(check),
        curve=training_curve.section(log), subject=_subject(results),
    )  # fmt: skip


def _row(results: Results, number: int, contract: ContractResult) -> Row:
    bar, first = share_of_bar(contract), results.first_number(contract)
    examples = tuple(range(first, first + len(contract.counterexamples)))
    return Row(number, contract, kept(contract), None if bar is None else 100 * bar, examples)


def _beside(others: Sequence[ContractResult]) -> str:
    return f"; {len(others)} other{'s' * (len(others) > 1)} measured, not judged" if others else ""


def _policy_note(results: Results) -> str:
    changes = len(results.policy.changes) if results.policy else 0
    return f"{changes} bar{'s' * (changes > 1)} not the default" if changes else "all bars are the default"


def _warnings(results: Results, check: Check | None) -> Iterator[str]:
    """What else would worry whoever ships it, each in one sentence."""
    if results.policy and results.policy.changes:
        yield f"By the owner's bars: {'; '.join(results.policy.changes)}."
    if results.own:
        yield from (f"The own cases: {text}." for text in own_cases.warnings(results.own))
    if results.examples and results.examples.trained:
        yield f"The examples: {results.examples.trained}."
    breaking = [one for one in (check or {}).get("findings", ()) if one["group"] == training_data.BREAKING]
    if breaking:
        yield f"The training data: {', '.join(str(one.get('rule', '')) for one in breaking)}."


def _subject(results: Results) -> Facts:
    """What was gated and how, so that the same gate can be run again."""
    identity, calls = results.identity, ", ".join(f"{count} {kind}" for kind, count in results.calls.items())
    rival = results.champion
    return [
        ("Adapter", [(identity.adapter, identity.adapter_digest)]),
        *([("Champion", [(rival.adapter, rival.adapter_digest)])] if rival else []),
        ("Base", [(identity.base, identity.base_digest)]),
        ("Format", [(identity.format, identity.format_digest)]),
        *([("Chat template", [(identity.template, "")])] if identity.template else []),
        *([("Computed in", [(identity.dtype, "")])] if identity.dtype else []),
        *([("Calibrator", [calibrator])] if (calibrator := calibrator_text(results)) else []),
        ("Catalogs", list(results.catalogs.items())),
        ("Draws", [(draws_text(results), "")]),
        ("Replies", [(f"{calls}; at most {results.max_new_tokens} new tokens each", "")]),
        *([("Read", [(readings, "")])] if (readings := readings_text(results)) else []),
        ("Time", [(f"{results.started}, {results.seconds:.1f} s", "")]),
        ("Libraries", [(", ".join(f"{name} {version}" for name, version in results.libraries.items()), "")]),
    ]
