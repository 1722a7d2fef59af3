"""Contracts as a table: one line each, on one common scale from 0 to 100 %, where more is better."""

from __future__ import annotations

from collections.abc import Sequence

from fixtures.printing import printable
from suite.outcome import Bar, Ceiling, ContractResult, Interval, Never, Rate
from suite.results.summary import bar_text, deciding_figure, share_range, verdict_word
from suite.results.wording import percent, percent_seen

COLOURS = {"pass": "32", "fail": "31", "undecided": "33", "measured": "2"}
"""ANSI colours of verdicts."""
SCALE = 20
"""Cells of the scale: 5 % each."""
WIDE = 124
"""Columns from which on intervals are written out, too."""
BAD = 0.8
"""What does not gate and is kept less often than this looks bad."""


def table(contracts: Sequence[ContractResult], width: int, *, colour: bool = False) -> list[str]:
    """A head, the gating contracts in their order, and the others from worst to best; no line if there is none."""
    gating, others = in_order(contracts)
    rows = [_row(contract, width) for contract in (*gating, *others)]
    if not rows:
        return []
    head = ["verdict", "contract", "kept", "cases", "0 %".ljust(SCALE - 5) + "100 %", "bar", "interval"][: len(rows[0])]
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [_joined(head, widths)]
    for contract, row in zip((*gating, *others), rows, strict=True):
        if others and contract is others[0]:
            lines.append("  not gating:" if gating else "  none of them gates:")
        word = painted(row[0].ljust(widths[0]), contract.verdict.name, colour)
        lines.append(f"  {word}  {_joined(row[1:], widths[1:]).removeprefix('  ')}")
    return [
        *lines,
        "  scale: # kept, - the interval of that, | the bar; +N: failures found besides, which enter no rate",
    ]


def in_order(contracts: Sequence[ContractResult]) -> tuple[list[ContractResult], list[ContractResult]]:
    """The gating contracts in their order, and the others from worst to best."""
    gating = [contract for contract in contracts if contract.bar.gating]
    return gating, sorted((c for c in contracts if not c.bar.gating), key=_worst_first)


def kept(contract: ContractResult) -> Interval | None:
    """How much of what was promised was kept, from 0 to 1; of a statistic that must stay low, what is left to 1."""
    figure = deciding_figure(contract)
    if figure is None or not isinstance(contract.bar, Ceiling):
        return figure
    # Rounded, or 1 - 0.8 would stand a cell too far to the left.
    low, middle, high = (round(1 - end, 12) for end in (figure.high, figure.estimate, figure.low))
    return Interval(middle, low, high, figure.level)


def looks_bad(contracts: Sequence[ContractResult]) -> str:
    """The contracts that do not gate and are kept in less than `BAD` of the cases, worst first; empty if none is."""
    return ", ".join(f"{printable(contract.name)} {percent_seen(share)}" for contract, share in bad(contracts))


def bad(contracts: Sequence[ContractResult]) -> list[tuple[ContractResult, float]]:
    """Those contracts, with how much of them is kept."""
    shares = [(contract, found.estimate) for contract in in_order(contracts)[1] if (found := kept(contract))]
    return [(contract, share) for contract, share in shares if share < BAD]


def painted(text: str, verdict: str, colour: bool) -> str:
    """The text in the verdict's colour."""
    return f"\x1b[1;{COLOURS[verdict]}m{text}\x1b[0m" if colour else text


def _worst_first(contract: ContractResult) -> float:
    found = kept(contract)
    return found.estimate if found else 2.0


def _joined(cells: Sequence[str], widths: Sequence[int]) -> str:
    return ("  " + "  ".join(cell.ljust(size) for cell, size in zip(cells, widths, strict=True))).rstrip()


def _row(contract: ContractResult, width: int) -> list[str]:
    figure = kept(contract)
    measured = percent_seen(figure.estimate) if figure else "-"
    row = [
        verdict_word(contract), printable(contract.name), measured, cases_text(contract), _scale(contract, figure),
        printable(bar_on_scale(contract.bar)),
    ]  # fmt: skip
    return row if width < WIDE else [*row, share_range(figure) if figure else ""]


def cases_text(contract: ContractResult) -> str:
    """How many cases were measured, and how many of them held."""
    tally = contract.tally
    # Of a statistic of the whole sample, how many cases held says nothing of what is kept.
    held = f"{tally.trials}" if isinstance(contract.bar, Ceiling) else f"{tally.held}/{tally.trials}"
    cases = held if tally.trials else "no case"
    cases += f" +{tally.found}" if tally.found else ""
    return cases + (", cut short" if contract.cut_short else "")


def _scale(contract: ContractResult, figure: Interval | None) -> str:
    """The interval as `-`, the estimate as `#`, and the bar as `|`, which the estimate hides where they meet."""
    if figure is None:
        return "." * SCALE
    cells = ["-" if _cell(figure.low) <= cell <= _cell(figure.high) else "." for cell in range(SCALE)]
    bar = share_of_bar(contract)
    if bar is not None:
        cells[_cell(bar)] = "|"
    cells[_cell(figure.estimate)] = "#"
    return "".join(cells)


def bar_on_scale(bar: Bar) -> str:
    """The bar in the words of the scale, on which more is better; of a statistic that must stay low, what is left."""
    if isinstance(bar, Ceiling):
        return f"1 - {bar.statistic} above {percent(1 - bar.at_most)}"
    return bar_text(bar)


def share_of_bar(contract: ContractResult) -> float | None:
    """Where the bar stands on the scale; None where it has no place there."""
    match contract.bar:
        case Rate(at_least=at_least):
            return at_least
        case Never(bound=bound):
            return 1 - bound
        case Ceiling(at_most=at_most):
            return 1 - at_most
    return None


def _cell(share: float) -> int:
    return min(SCALE - 1, max(0, int(share * SCALE)))
