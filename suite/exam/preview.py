"""What a gate would ask of a catalog, before anybody pays for it: requests, their right calls, and what is never asked.

No model is loaded, and nothing is answered; the requests are drawn as those of the gate are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fixtures.catalogs import SpokenCatalog, Unaskable, load_catalog
from fixtures.catalogs.asking import askable
from fixtures.choosing import SeededChooser
from fixtures.formats import Format
from fixtures.grammar.requests import Asked, ask
from fixtures.grammar.tools import Language, SpokenTool
from fixtures.vocab import words

_WHERE = {
    "drawn": "drawn with the tool",
    "examples": "from your examples",
    "phrases": "from the catalog's phrases",
    "descriptions": "made from its name and description",
}


@dataclass(frozen=True, slots=True)
class ToolPreview:
    """How one tool is asked for: where the words come from, its phrases, and sample requests with their right calls."""

    tool: str
    language: Language
    phrases: tuple[str, ...]
    samples: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a gate asks of one catalog, and what it never asks and why."""

    catalog: str
    tools: tuple[ToolPreview, ...]
    never: tuple[Unaskable, ...]
    notes: tuple[str, ...]


def preview(catalog: str, form: Format, *, number: int = 3, seed: int = 0) -> Preview:
    """`number` requests for each tool of a catalog (a shipped name or a file); UserError for a bad file."""
    (spoken,) = askable([load_catalog(catalog)], form, leave_out=True)
    tools = tuple(_of_tool(one, number, seed) for one in spoken.spoken)
    return Preview(catalog, tools, _never(spoken), spoken.read_as)


def _of_tool(spoken: SpokenTool, number: int, seed: int) -> ToolPreview:
    drawn = (SeededChooser(f"preview:{seed}:{spoken.tool.name}:{n}") for n in range(number))
    samples = tuple(ask(spoken, words("gate"), chooser) for chooser in drawn)
    return ToolPreview(spoken.tool.name, spoken.language, spoken.actions, samples)


def _never(spoken: SpokenCatalog) -> tuple[Unaskable, ...]:
    """One reason a tool, in the order in which they were found."""
    return tuple({fault.tool: fault for fault in reversed(spoken.unaskable)}.values())[::-1]


def told(found: Preview) -> str:
    """A preview as a person reads it."""
    lines = [f"{found.catalog}: {len(found.tools)} tools are asked for, {len(found.never)} never", *found.notes]
    for tool in found.tools:
        lines += ["", f"{tool.tool}: {_WHERE[tool.language]}"]
        for asked in tool.samples:
            lines += [
                f"    {json.dumps(asked.text, ensure_ascii=False)}",
                f"      -> {_arguments(asked.call.arguments)}",
            ]
    if found.never:
        lines += ["", "never asked for:", *(f"    {fault}" for fault in found.never)]
        lines += [f"    try: {hint}" for hint in dict.fromkeys(fault.hint for fault in found.never if fault.hint)]
    return "".join(f"{line}\n" for line in lines)


def as_json(found: Sequence[Preview]) -> str:
    """Previews as JSON: a list of catalogs, each with `tools` and `never_asked`."""
    return json.dumps([_plain(one) for one in found], ensure_ascii=False, indent=2) + "\n"


def _plain(found: Preview) -> dict[str, Any]:
    tools = [
        {
            "tool": tool.tool,
            "language": tool.language,
            "phrases": list(tool.phrases),
            "samples": [{"request": asked.text, "arguments": dict(asked.call.arguments)} for asked in tool.samples],
        }
        for tool in found.tools
    ]
    never = [{"tool": f.tool, "place": f.place, "reason": f.reason, "hint": f.hint} for f in found.never]
    return {"catalog": found.catalog, "tools": tools, "never_asked": never, "notes": list(found.notes)}


def _arguments(arguments: Mapping[str, Any]) -> str:
    return json.dumps(dict(arguments), ensure_ascii=False)
