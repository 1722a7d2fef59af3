"""Requests that several tools could serve, at different costs of energy: what is preferred there, and what it is worth.

A catalog declares what a call of its tools costs (`cost`, in watt-hours) and which phrases several of them could serve
(`shared`). Where no priority decides between those, the cheapest is right. A preference is such a request with two
answers. A share of them sets a tool that serves against a cheaper one that does not, or against no call, which costs
nothing: so that what is learned is not just to prefer what is cheap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from fixtures.catalogs import Shared, SpokenCatalog
from fixtures.choosing import SeededChooser
from fixtures.datasets.settings import SIZES, TWO_CATALOGS_PERCENT, hotel_catalogs, shuffled
from fixtures.errors import UserError
from fixtures.grammar.requests import ask, say
from fixtures.grammar.tools import SpokenTool
from fixtures.grammar.values import Parameter, draw_value
from fixtures.reading.arguments import first_fault
from fixtures.types import Case, Catalog, Oracle, ToolCall, user
from fixtures.vocab import Split, Words, words

PLAN = ("dearer", "unfit", "dearer", "unfit_clear", "dearer", "refusal", "dearer", "unfit", "dearer", "unfit_clear")
"""What the answers of ten preferences in a row are set against: half of them a tool that serves too, but costs more."""
_MAX_REDRAWS = 200

Against: TypeAlias = Literal["dearer_tool", "unfit_tool", "refusal"]


@dataclass(frozen=True, slots=True)
class Preference:
    """A request, and two answers: `chosen` calls the tool that serves it at the least cost, `rejected` does not.

    `rejected` calls a *dearer tool* that serves the request too, or an *unfit tool* that does not (and is cheaper
    wherever such a tool is declared), or is a *refusal*, None. The case's oracle is the chosen call.
    """

    case: Case
    chosen: ToolCall
    rejected: ToolCall | None
    against: Against


@dataclass(frozen=True, slots=True)
class Choice:
    """The tools that would all serve a request, and what a call of each costs, in watt-hours."""

    cost: Mapping[str, float]

    @property
    def cheapest(self) -> str:
        return min(self.cost, key=lambda name: self.cost[name])

    def worth(self, names: Sequence[str]) -> float:
        """1 for one call of the cheapest tool, 0 for the dearest and for what does not serve, by cost in between."""
        if len(names) != 1 or names[0] not in self.cost:
            return 0.0
        low, high = min(self.cost.values()), max(self.cost.values())
        return (high - self.cost[names[0]]) / (high - low)


def choices(catalogs: Sequence[SpokenCatalog] | None = None) -> list[tuple[SpokenCatalog, Shared]]:
    """The phrases of these catalogs (by default the hotel's) between whose tools the cost decides; all are askable."""
    given = hotel_catalogs() if catalogs is None else catalogs
    return [(each, shared) for each in given for shared in each.shared if _cost_decides(each, shared)]


def _cost_decides(spoken: SpokenCatalog, shared: Shared) -> bool:
    if set(shared.tools) & {fault.tool for fault in spoken.unaskable}:
        return False  # no call of it can be made up, so there is nothing to set against the others
    return not set(shared.tools) & set(spoken.catalog.priority) and spoken.catalog.preferred(shared.tools) is not None


def choice_in(case: Case, catalogs: Sequence[SpokenCatalog] | None = None) -> Choice | None:
    """The choice that a request leaves: it says a phrase of the catalogs, and two or more of its tools are declared."""
    request = case.request.casefold()
    for spoken, shared in choices(catalogs):
        cost = {name: spoken.catalog.cost[name] for name in shared.tools if name in case.catalog.names}
        if len(set(cost.values())) > 1 and any(phrase.casefold() in request for phrase in shared.phrases):
            return Choice(cost)
    return None


def preferences(
    count: int, seed: int, split: Split = "train", catalogs: Sequence[SpokenCatalog] | None = None
) -> list[Preference]:
    """`count` preferences, decided by seed and split alone; UserError if no catalog leaves anything to the cost."""
    _check(count, catalogs)
    made = []
    for number in range(count):
        chooser = SeededChooser(f"energy:{split}:{seed}:{number}")
        drawing = _Drawing(words(split), chooser, catalogs)
        # By the number, not by chance, so that the shares are exact.
        made.append(drawing.preference(PLAN[number % len(PLAN)]))
    return made


def requests(
    count: int, seed: int, split: Split = "eval", catalogs: Sequence[SpokenCatalog] | None = None
) -> list[tuple[Case, Choice]]:
    """`count` requests that several declared tools could serve at different costs, with the choice that each leaves."""
    _check(count, catalogs)
    drawn = []
    for number in range(count):
        drawing = _Drawing(words(split), SeededChooser(f"energy requests:{split}:{seed}:{number}"), catalogs)
        asked = drawing.shared_request()
        drawn.append((asked.case, asked.choice))
    return drawn


def _check(count: int, catalogs: Sequence[SpokenCatalog] | None) -> None:
    if count < 1:
        raise UserError("--rows", f"{count} rows cannot be built", allowed="1 and more")
    if not choices(catalogs):
        problem = "no phrase of these catalogs leaves the choice to the cost"
        raise UserError("catalogs", problem, hint="a catalog with `cost` for all tools of a `shared` entry")
    for spoken, shared in choices(catalogs):
        if {one.tool.name for one in spoken.spoken} <= set(shared.tools):
            problem = "every tool that can be asked for serves the same requests, so none is unfit for them"
            raise UserError(spoken.source or spoken.catalog.name, problem, hint="a catalog with one tool more")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that several tools could serve; `calls` has a call of each, `others` are declared and do not serve."""

    case: Case
    choice: Choice
    calls: Mapping[str, ToolCall]
    others: tuple[SpokenTool, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What one preference is drawn from."""

    words: Words
    chooser: SeededChooser
    catalogs: Sequence[SpokenCatalog] | None

    def preference(self, kind: str) -> Preference:
        match kind:
            case "dearer":
                return self.against_dearer()
            case "refusal":
                asked = self.shared_request()
                return Preference(asked.case, asked.calls[asked.choice.cheapest], None, "refusal")
        return self.against_unfit(clear=kind == "unfit_clear")

    def against_dearer(self) -> Preference:
        asked = self.shared_request()
        cheapest = asked.choice.cheapest
        more = [name for name, cost in asked.choice.cost.items() if cost > asked.choice.cost[cheapest]]
        rejected = asked.calls[self.chooser.choice(more)]
        return Preference(asked.case, asked.calls[cheapest], rejected, "dearer_tool")

    def against_unfit(self, *, clear: bool) -> Preference:
        if clear:
            case, others, values = self._clear_request()
        else:
            asked = self.shared_request()
            case, others, values = asked.case, asked.others, asked.values
        assert case.oracle.calls
        right = case.oracle.calls[0]
        wrong = self.chooser.choice(_cheaper(others, case.catalog.cost, right.name) or others)
        return Preference(case, right, self._call(wrong, values), "unfit_tool")

    def shared_request(self) -> _Asked:
        """A request in words that leave the choice to the cost, with all that any of its tools has to be told."""
        main, shared = self.chooser.choice(choices(self.catalogs))
        declared = self._declared(main, shared.tools)
        rivals = [spoken for spoken in declared if spoken.tool.name in shared.tools]
        said, values = self._values(rivals)
        asked = say(SpokenTool(rivals[0].tool, shared.phrases, tuple(said)), said, values, self.chooser)
        choice = Choice({name: main.catalog.cost[name] for name in shared.tools})
        calls = {spoken.tool.name: self._call(spoken, values) for spoken in rivals}
        case = self._case(declared, asked.text, calls[choice.cheapest], "energy")
        others = tuple(spoken for spoken in declared if spoken.tool.name not in shared.tools)
        return _Asked(case, choice, calls, others, values)

    def _clear_request(self) -> tuple[Case, tuple[SpokenTool, ...], Mapping[str, Any]]:
        """A request that one tool serves although a cheaper one is declared, where the catalog has such a pair."""
        main, shared = self.chooser.choice(choices(self.catalogs))
        declared = self._declared(main, shared.tools)
        cost = self._cost(declared)
        dear = [spoken for spoken in declared if _cheaper(declared, cost, spoken.tool.name)]
        spoken = self.chooser.choice(dear)
        asked = ask(spoken, self.words, self.chooser)
        others = tuple(other for other in declared if other is not spoken)
        case = self._case(declared, asked.text, asked.call, "clear")
        return case, others, asked.call.arguments

    def _declared(self, main: SpokenCatalog, rivals: Sequence[str]) -> list[SpokenTool]:
        """All rivals, and at least one tool more, of the main catalog and perhaps of another."""
        given = hotel_catalogs() if self.catalogs is None else self.catalogs
        others = [catalog for catalog in given if catalog is not main]
        mixed = [main, self.chooser.choice(others)] if others and self.chooser.chance(TWO_CATALOGS_PERCENT) else [main]
        pool = shuffled([spoken for catalog in mixed for spoken in catalog.spoken], self.chooser)
        chosen = [spoken for spoken in pool if spoken.tool.name in rivals]
        rest = [spoken for spoken in pool if spoken.tool.name not in rivals]
        more = max(1, self.chooser.choice(SIZES) - len(chosen))
        return shuffled([*chosen, *rest[:more]], self.chooser)

    def _values(self, rivals: Sequence[SpokenTool]) -> tuple[list[Parameter], Mapping[str, Any]]:
        """What has to be said so that each of the tools could be called, every name once, and values that suit all."""
        said: dict[str, Parameter] = {}
        for parameter in (p for spoken in rivals for p in spoken.parameters if p.required):
            said.setdefault(parameter.name, parameter)
        for _ in range(_MAX_REDRAWS):
            values = {name: draw_value(parameter, self.words, self.chooser) for name, parameter in said.items()}
            calls = [(spoken, self._call(spoken, values)) for spoken in rivals]
            if not any(first_fault(spoken.tool.parameters, call.arguments) for spoken, call in calls):
                return list(said.values()), values
        names = ", ".join(spoken.tool.name for spoken in rivals)
        raise UserError(f"tools {names}", "no value suits the parameters that they share by name")

    def _call(self, spoken: SpokenTool, values: Mapping[str, Any]) -> ToolCall:
        """A call with these values; what the tool needs beyond them, or cannot take of them, is drawn."""
        arguments: dict[str, Any] = {}
        for parameter in (p for p in spoken.parameters if p.required):
            schema = {"type": "object", "properties": {parameter.name: parameter.schema}}
            told = {parameter.name: values[parameter.name]} if parameter.name in values else None
            fits = told is not None and not first_fault(schema, told)
            arguments |= told if told and fits else {parameter.name: draw_value(parameter, self.words, self.chooser)}
        return ToolCall(spoken.tool.name, arguments)

    def _case(self, declared: Sequence[SpokenTool], text: str, call: ToolCall, kind: str) -> Case:
        tools = tuple(spoken.tool for spoken in declared)
        return Case(Catalog("energy", tools, cost=self._cost(declared)), (user(text),), Oracle((call,)), kind)

    def _cost(self, declared: Sequence[SpokenTool]) -> dict[str, float]:
        given = hotel_catalogs() if self.catalogs is None else self.catalogs
        known = {name: cost for catalog in given for name, cost in catalog.catalog.cost.items()}
        names = [spoken.tool.name for spoken in declared]
        return {name: known[name] for name in names if name in known}


def _cheaper(tools: Sequence[SpokenTool], cost: Mapping[str, float], name: str) -> list[SpokenTool]:
    """Those of the tools that cost less than the named one; none where a cost is unknown."""
    if name not in cost:
        return []
    return [spoken for spoken in tools if cost.get(spoken.tool.name, cost[name]) < cost[name]]
