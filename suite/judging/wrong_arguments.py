"""Which arguments of a reply are wrong, and how: what somebody who mends an adapter wants to know first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fixtures.grounding import ungrounded
from fixtures.types import Case, ToolCall
from suite.exam.answers import same_value
from suite.outcome import WrongArgument
from suite.reply import Reply

MISSING, ADDED = "left out", "not asked for"
ANOTHERS, SPELT, SCALED, INVENTED, OTHER = (
    "another argument's value", "another spelling or type", "another unit or scale", "invented", "another value",
)  # fmt: skip
_SCALES = (10.0, 12.0, 24.0, 60.0, 100.0, 1000.0, 1024.0, 3600.0)


def wrong_arguments(case: Case, reply: Reply) -> tuple[WrongArgument, ...]:
    """Each argument that is not as the right calls have it; empty where other tools are called, or nobody knows."""
    wanted, got = case.oracle.calls, reply.parsed.calls
    if not wanted or sorted(call.name for call in got) != sorted(call.name for call in wanted):
        return ()
    return tuple(one for call, made in _matched(wanted, got) for one in _wrong(case, call, made))


def _matched(wanted: Sequence[ToolCall], got: Sequence[ToolCall]) -> Iterator[tuple[ToolCall, ToolCall]]:
    """Each right call with the call of the same tool that agrees with it most."""
    left = list(got)
    for call in wanted:
        made = max((one for one in left if one.name == call.name), key=lambda one: _agreement(call, one))
        left.remove(made)
        yield call, made


def _agreement(call: ToolCall, made: ToolCall) -> int:
    return sum(
        name in made.arguments and same_value(value, made.arguments[name]) for name, value in call.arguments.items()
    )


def _wrong(case: Case, call: ToolCall, made: ToolCall) -> Iterator[WrongArgument]:
    for name in dict.fromkeys([*call.arguments, *made.arguments]):
        if name not in made.arguments:
            yield WrongArgument(call.name, name, MISSING)
        elif name not in call.arguments:
            yield WrongArgument(call.name, name, ADDED)
        elif not same_value(call.arguments[name], made.arguments[name]):
            yield WrongArgument(call.name, name, _how(case, call, name, made.arguments[name]))


def _how(case: Case, call: ToolCall, name: str, value: Any) -> str:
    right = call.arguments[name]
    if _plain(right) == _plain(value):
        return SPELT
    if any(same_value(value, other) for key, other in call.arguments.items() if key != name):
        return ANOTHERS
    if _scaled(right, value):
        return SCALED
    known = call.name in case.catalog.names
    return INVENTED if known and ungrounded(case, call.name, {name: value}) else OTHER


def _plain(value: Any) -> str:
    """A value without what spelling and type make of it: `"21"` and 21, `Room_4` and `room 4`, a list of one."""
    if isinstance(value, list) and len(value) == 1:
        return _plain(value[0])
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, Mapping | list):
        return repr(value)
    return re.sub(r"[\W_]+", "", str(value)).casefold()


def _scaled(right: Any, value: Any) -> bool:
    numbers = [n for n in (right, value) if isinstance(n, int | float) and not isinstance(n, bool) and n]
    if len(numbers) < 2:
        return False
    ratio = abs(numbers[0] / numbers[1])
    return any(abs(ratio / scale - 1) < 1e-6 or abs(ratio * scale - 1) < 1e-6 for scale in _SCALES)
