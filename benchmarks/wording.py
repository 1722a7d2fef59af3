"""`python -m benchmarks.wording [--base NAME] [--cases N]`: what in the hotel's catalogs is hard for a bare base?

Asks for the same hotel tools again and again, with one thing made simpler each time: the request says the tool's name,
or tells values as the corpus does; descriptions are short or gone, names lose their domain. A row that rises says what
the base's corpus (fixtures/grammar) lacks. Shares of the right tool, with exact 95 % intervals.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from fixtures.choosing import SeededChooser
from fixtures.datasets.settings import in_hotel
from fixtures.grammar.requests import ask
from fixtures.grammar.tools import SpokenTool
from fixtures.speech.names import verb_and_thing
from fixtures.types import Case, Catalog, Oracle, Tool, user
from fixtures.vocab import words
from suite.engine import identify, load_engine
from suite.lanes.asking import MAX_NEW_TOKENS, Asker
from suite.statistics.stats import clopper_pearson


@dataclass(frozen=True, slots=True)
class Change:
    """What a row makes simpler: how a tool is spoken of, and how it is declared."""

    spoken: Callable[[SpokenTool], SpokenTool] = lambda spoken: spoken
    declared: Callable[[Tool], Tool] = lambda tool: tool


def named(spoken: SpokenTool) -> SpokenTool:
    """Asked for by the very words of its name."""
    return replace(spoken, actions=("{} the {}".format(*verb_and_thing(spoken.tool.name)),))


def plainly_told(spoken: SpokenTool) -> SpokenTool:
    """With values told as in the corpus, not in the catalog's own wordings."""
    return replace(spoken, parameters=tuple(replace(p, ways=()) for p in spoken.parameters))


def undescribed(tool: Tool) -> Tool:
    """Its parameters without their descriptions."""

    def bare(schema: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in schema.items() if key != "description"}

    properties = {name: bare(schema) for name, schema in tool.parameters.get("properties", {}).items()}
    return replace(tool, parameters={**tool.parameters, "properties": properties})


def in_short(tool: Tool) -> Tool:
    """With the first clause of its description only."""
    return replace(tool, description=tool.description.split(":")[0].split(",")[0].rstrip(".") + ".")


def without_domain(tool: Tool) -> Tool:
    return replace(tool, name=tool.name.rpartition(".")[2])


CHANGES: Mapping[str, Change] = {
    "as they are": Change(),
    "values told plainly": Change(plainly_told),
    "parameters undescribed": Change(declared=undescribed),
    "descriptions in short": Change(declared=in_short),
    "names without domain": Change(declared=without_domain),
    "asked for by name": Change(named),
    "all of these": Change(
        lambda spoken: named(plainly_told(spoken)), lambda tool: without_domain(in_short(undescribed(tool)))
    ),
}


def case_of(number: int, change: Change) -> Case:
    """One clear request in words of the eval split; the same tools and values for every change."""
    chooser = SeededChooser(f"wording:{number}")
    setting = in_hotel(chooser)
    wanted = chooser.choice(setting.tools)
    asked = ask(change.spoken(wanted), words("eval"), chooser)
    tools = tuple(change.declared(spoken.tool) for spoken in setting.tools)
    call = replace(asked.call, name=change.declared(wanted.tool).name)
    return Case(Catalog(setting.catalog, tools), (user(asked.text),), Oracle((call,)), "clear")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.wording", description=__doc__)
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--cases", type=int, default=200, help="of each row")
    options = parser.parse_args()
    asker = Asker(load_engine(identify(None, options.base, None)), max_new_tokens=MAX_NEW_TOKENS)
    sys.stdout.write("| the hotel's tools | right tool | answered without a call |\n| --- | --- | --- |\n")
    for told, change in CHANGES.items():
        cases = [case_of(number, change) for number in range(options.cases)]
        calls = [reply.parsed.calls for reply in asker.ask(cases)]
        wanted = [(case.oracle.calls or ())[0].name for case in cases]
        right = sum(any(call.name == name for call in made) for made, name in zip(calls, wanted, strict=True))
        interval = clopper_pearson(right, len(cases))
        share = f"{right / len(cases):.1%} ({interval.low:.1%} to {interval.high:.1%})"
        sys.stdout.write(f"| {told} | {share} | {sum(not made for made in calls) / len(cases):.1%} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
