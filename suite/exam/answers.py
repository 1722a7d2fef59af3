"""Which calls are right: compared by JSON type and value, or by what a row accepts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fixtures.grounding import leaves
from fixtures.reading.arguments import first_fault
from fixtures.sentences.pointers import has_value, parts_of, value_at, with_value
from fixtures.spelling import loosened
from fixtures.types import Case, Catalog, ToolCall, Wanted


def answers(case: Case, calls: tuple[ToolCall, ...]) -> bool:
    """Whether these calls are the right ones: by JSON type and value, in any order. False if nobody knows."""
    if case.oracle.acceptable:
        return any(_accepts(case.catalog, wanted, calls) for wanted in case.oracle.acceptable)
    if case.oracle.calls == ():
        return keeps_policy(case.catalog, calls)
    return case.oracle.calls is not None and same_calls(case.oracle.calls, calls)


def keeps_policy(catalog: Catalog, calls: Sequence[ToolCall]) -> bool:
    """Whether these calls are right where no declared tool serves the request.

    With a fallback, one call of it and nothing else, whatever its arguments; where a tool must be chosen, calls of any
    declared tools; else none.
    """
    names = [call.name for call in calls]
    if catalog.fallback:
        return names == [catalog.fallback]
    if catalog.policy == "must_choose":
        return bool(names) and set(names) <= set(catalog.names)
    return not names


def same_calls(wanted: Sequence[ToolCall], calls: Sequence[ToolCall]) -> bool:
    """Whether two sets of calls are equal by JSON type and value, in any order."""
    if len(wanted) != len(calls):
        return False
    left = list(wanted)
    for call in calls:
        match = next((w for w in left if w.name == call.name and same_value(w.arguments, call.arguments)), None)
        if match is None:
            return False
        left.remove(match)
    return True


def _accepts(catalog: Catalog, wanted: Sequence[Wanted], calls: Sequence[ToolCall]) -> bool:
    """Whether each of the calls is one that is wanted, and none is missing."""
    if len(wanted) != len(calls):
        return False
    if not calls:
        return True
    first, *rest = calls
    # Two that are wanted may both fit the first call, and only one of them the others.
    left = [
        [*wanted[:place], *wanted[place + 1 :]] for place, one in enumerate(wanted) if _is_call(catalog, one, first)
    ]
    return any(_accepts(catalog, others, rest) for others in left)


def _is_call(catalog: Catalog, wanted: Wanted, call: ToolCall) -> bool:
    free = {name for name in wanted.any if not name.startswith("/")}
    if call.name != wanted.name or not set(call.arguments) <= {*wanted.arguments, *free}:
        return False
    for name in {*wanted.arguments, *free}:
        if name not in call.arguments:
            if name not in wanted.optional:
                return False
        elif name not in free:
            values = (wanted.arguments[name], *wanted.also.get(name, ()))
            spelt = loosened if wanted.spelling == "loose" else _as_it_is
            given = ((value, _but_for(wanted, name, value, call)) for value in values)
            if not any(same_value(spelt(value), spelt(said)) for value, said in given):
                return False
    return not wanted.any or not first_fault(catalog[call.name].parameters, call.arguments)


def _as_it_is(value: Any) -> Any:
    return value


def _but_for(wanted: Wanted, name: str, value: Any, call: ToolCall) -> Any:
    """The argument of the call, with those parts of the wanted value that may be anything."""
    given = call.arguments[name]
    for pointer in wanted.any:
        top, *parts = parts_of(pointer) if pointer.startswith("/") else [""]
        if top == name and parts and has_value(given, parts) and has_value(value, parts):
            given = with_value(given, parts, value_at(value, parts))
    return given


def calls_text(calls: Sequence[ToolCall]) -> str:
    """Calls as a person reads them in a report."""
    told = [f"{call.name} {json.dumps(dict(call.arguments), ensure_ascii=False)}" for call in calls]
    return "; ".join(told) or "no call"


def same_value(a: object, b: object) -> bool:
    """Equality of JSON values: 1 equals 1.0 but not true, and the order of keys does not matter."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_value(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same_value(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and a == b if not _numbers(a, b) else a == b


def _numbers(a: object, b: object) -> bool:
    return isinstance(a, int | float) and isinstance(b, int | float)


def texts_of(case: Case) -> list[str]:
    """All texts that right answers hold as values."""
    answers = [call.arguments for call in case.oracle.calls or ()]
    for wanted in (one for accepted in case.oracle.acceptable for one in accepted):
        answers += [wanted.arguments, *({name: other} for name, others in wanted.also.items() for other in others)]
    found = (value for arguments in answers for _, value, _ in leaves(arguments, {}))
    return list(dict.fromkeys(value for value in found if isinstance(value, str) and value.strip()))
