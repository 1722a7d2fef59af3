"""Whether a reply is one that a row of the user's own accepts: what both contracts about such rows ask."""

from __future__ import annotations

import json
from collections.abc import Sequence

from fixtures.types import Case, Wanted
from suite.exam.answers import answers, calls_text
from suite.outcome import Broken, Held, NotApplicable, Outcome
from suite.reply import Reply


def accepted(case: Case, reply: Reply) -> Outcome:
    """Held if the reply reads clean, ends by itself, and makes the calls of one acceptable set (or makes none)."""
    if not case.oracle.acceptable:
        return NotApplicable("this is no row of the user's own")
    wanted = wanted_text(case)
    if reply.generation.finish == "length":
        return Broken(got="a reply cut off at the limit of new tokens", wanted=wanted)
    if reply.parsed.status in ("salvaged", "undecodable"):
        reason = reply.parsed.malformed.reason if reply.parsed.malformed else reply.parsed.status
        return Broken(got=f"{reply.parsed.status}: {reason}", wanted=wanted)
    return Held() if answers(case, reply.parsed.calls) else Broken(got=calls_text(reply.parsed.calls), wanted=wanted)


def wanted_text(case: Case) -> str:
    """The sets of calls that a case accepts, for a person."""
    return " or ".join(map(_text, case.oracle.acceptable)) or calls_text(case.oracle.calls or ())


def _text(wanted: Sequence[Wanted]) -> str:
    """A set of calls for a person: what may be otherwise stands behind its call in brackets."""
    return "; ".join(map(_call_text, wanted)) or "no call"


def _call_text(wanted: Wanted) -> str:
    told = [f"{name} also {' or '.join(map(_json, values))}" for name, values in wanted.also.items()]
    told += [f"{', '.join(names)} {word}" for names, word in _ways(wanted) if names]
    return f"{wanted.name} {_json(dict(wanted.arguments))}" + (f" ({'; '.join(told)})" if told else "")


def _ways(wanted: Wanted) -> tuple[tuple[tuple[str, ...], str], ...]:
    return (wanted.optional, "may be left out"), (wanted.any, "may be anything")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
