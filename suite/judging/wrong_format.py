"""Whether an adapter answers in another format than the one that it is asked in: told before more is asked.

Most private adapters write bare JSON, whatever their base's template does. Read in the wrong format, such an adapter
breaks every contract, and its verdict says nothing of it: that is a fault of the set-up.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from fixtures.errors import UserError
from fixtures.formats import FORMATS, Format, Parsed, load_format
from fixtures.formats.wire import Tools
from suite.reply import Reply

MOST_LOOKED_AT = 64
"""Replies, from the first on."""
ENOUGH = 8
"""Calls in one other format, from which on they may decide."""
HARDLY = 8
"""So many calls in the other format for each in the one that is asked in."""


@dataclass
class WrongFormat:
    """Looks at the first replies of `adapter`, which is asked in `form`."""

    form: Format
    adapter: str
    seen: int = 0
    tried: int = 0
    """Replies that look like a call here, or are one in another format."""
    clean: Counter[str] = field(default_factory=Counter)
    """How many replies are nothing but calls to declared tools, by format; the adapter's own has no name."""

    def look(self, reply: Reply, tools: Tools) -> None:
        """Count a reply; UserError once hardly any is a call in this format, and most that try are one in another."""
        if self.seen >= MOST_LOOKED_AT:
            return
        self.seen += 1
        declared = {str(tool["function"]["name"]) for tool in tools}
        own = _calls(reply.parsed, declared)
        others = [name for name in _others(self.form) if _calls(self._read(reply.raw, name, tools), declared)]
        self.tried += reply.parsed.status != "no_call" or bool(others)
        self.clean.update([*others, *([""] if own else [])])
        for name, count in self.clean.most_common():
            if name and count >= max(ENOUGH, HARDLY * self.clean[""]) and 2 * count > self.tried:
                self._stop(name, count, reply.raw)

    def _read(self, text: str, name: str, tools: Tools) -> Parsed:
        """The reply up to the first stop of either format: an engine goes on behind those that it does not know."""
        other = load_format(name)
        stops = "|".join(map(re.escape, (*self.form.endings, *other.endings)))
        return other.parse(re.split(stops, text, maxsplit=1)[0], tools)

    def _stop(self, name: str, count: int, text: str) -> None:
        own = f"{self.clean['']} in {self.form.name}" if self.clean[""] else f"none in {self.form.name}"
        raise UserError(
            f"--adapter {self.adapter}",
            f"this adapter answers in {name}: of its first {self.seen} replies, {count} are calls in {name} and {own}, "
            f"such as {text[:80]!r}",
            hint=f"--format {name}",
        )


def _others(form: Format) -> list[str]:
    return [name for name in FORMATS if name != form.name]


def _calls(parsed: Parsed, declared: set[str]) -> bool:
    """Whether a reply is clean, and calls declared tools."""
    names = {call.name for call in parsed.calls}
    return parsed.status == "clean" and bool(names) and names <= declared
