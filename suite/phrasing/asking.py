"""What a model is asked about one tool, and the phrases in its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from fixtures.reading.strict import NotJson, parse_strictly
from fixtures.types import Tool
from suite.results.wording import beginning

MOST_OTHERS = 60
"""Other tools that the model is shown: it has to tell this one from them, and reads no catalog of a thousand."""
_MOST_LETTERS = 600
"""Of a description."""
_SYSTEM = (
    "You write how people ask an assistant for one of its tools. Answer with JSON alone: "
    '{"phrases": ["...", "..."]}. Each phrase is a short order in plain English that begins with a verb, such as '
    '"dim the lights" or "look up a booking": two to eight words, no value of a parameter, no placeholder, no '
    "punctuation, no please, nothing that one of the other tools could be asked for with."
)
_FENCE = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


def question(tool: Tool, others: Sequence[Tool], count: int) -> list[Mapping[str, str]]:
    """The messages that ask for `count` phrases of a tool, beside the other tools of its catalog."""
    beside = [f"- {_told(other, _MOST_LETTERS // 6)}" for other in others[:MOST_OTHERS]]
    parameters = ", ".join(tool.parameters.get("properties", {}))
    lines = [
        f"Write {count} different phrases for this tool:",
        _told(tool, _MOST_LETTERS),
        *([f"Its parameters, whose values are told elsewhere: {parameters}"] if parameters else []),
        *(["The other tools:", *beside] if beside else []),
    ]
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": "\n".join(lines)}]


def phrases_in(answer: str) -> list[str] | None:
    """The phrases of an answer, whatever they are worth; None if it holds no list of texts."""
    fenced = _FENCE.search(answer)
    found = parse_strictly((fenced[1] if fenced else answer).strip())
    if isinstance(found, Mapping):
        found = found.get("phrases")
    if isinstance(found, NotJson) or not isinstance(found, list):
        return None
    return [one for one in found if isinstance(one, str)] or None


def _told(tool: Tool, most: int) -> str:
    return f"{json.dumps(tool.name, ensure_ascii=False)}: {beginning(tool.description, most)}"
