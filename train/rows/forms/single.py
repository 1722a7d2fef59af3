"""Forms of one request and one answer: SeedCore's, xLAM's, When2Call's, and Alpaca's as LLaMA-Factory extends it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from fixtures.types import ToolCall, assistant, user
from train.rows.forms.chat import take_system, take_tools
from train.rows.forms.draft import NOT_GIVEN, Draft, Said, calls_of, json_at, list_at, refuse, text_at

SEEDCORE_KEYS = ("user_content", "tool_name", "tool_arguments")
XLAM_KEYS = ("query", "answers", "tools")
WHEN2CALL_KEYS = ("question", "answers", "correct_answer", "target_tool", "tools")
ALPACA_KEYS = ("instruction", "input", "output", "history", "chosen", "rejected", "system", "tools", "kind")


def seedcore(row: Mapping[str, Any]) -> Draft:
    """SeedCore's: `user_content`, `tool_name` and the arguments as JSON text; the tools come from a catalog."""
    request, name, text = (text_at(row, key) for key in SEEDCORE_KEYS)
    arguments = json_at(text, "/tool_arguments")
    if not isinstance(arguments, dict):
        refuse("/tool_arguments", "the arguments must be a JSON object")
    places = {"name": "/tool_name", "arguments": "/tool_arguments"}
    answer = Said(dict(assistant([ToolCall(name, arguments)])), "/tool_arguments", parts=places)
    return Draft("SeedCore", [Said(dict(user(request)), "/user_content", inner=False), answer], used=SEEDCORE_KEYS)


def xlam(row: Mapping[str, Any]) -> Draft:
    """xLAM's: `query`, `tools` and `answers`, mostly as JSON texts."""
    draft = Draft("xLAM", [Said(dict(user(text_at(row, "query"))), "/query", inner=False)], used=XLAM_KEYS)
    answers = list_at(row, "answers")
    if not answers:
        refuse("/answers", "no call is the answer, and what is said instead is not told; write it as a message")
    message = {"role": "assistant", "content": "", "tool_calls": calls_of(answers, "/answers", draft)}
    draft.said.append(Said(message, "/answers", inner=False))
    draft.tools = row.get("tools", NOT_GIVEN)
    return draft


def when2call(row: Mapping[str, Any]) -> Draft:
    """When2Call's: `question`, and of its `answers` the one that `correct_answer` names."""
    kind, answers = row.get("correct_answer"), row.get("answers")
    answer = answers.get(kind) if isinstance(answers, dict) and isinstance(kind, str) else None
    if not isinstance(answer, str):
        refuse("/correct_answer", f"there is no answer {kind!r}")
    request = Said(dict(user(text_at(row, "question"))), "/question", inner=False)
    draft = Draft("When2Call", [request], used=WHEN2CALL_KEYS)
    place = f"/answers/{kind}"
    calls = calls_of(json_at(answer, place), place, draft) if kind == "tool_call" else []
    message = {"role": "assistant", "content": "" if calls else answer, **({"tool_calls": calls} if calls else {})}
    draft.said.append(Said(message, place, inner=False))
    draft.tools = row.get("tools", [])
    draft.note("the correct answer of several")
    return draft


def alpaca(row: Mapping[str, Any]) -> Draft:
    """Alpaca's: `instruction`, `input` and `output`, with LLaMA-Factory's system, history, tools and pairs of texts."""
    sides = [key for key in ("chosen", "rejected") if key in row]
    if len(sides) == 1:
        refuse(f"/{sides[0]}", "a preference pair has both `chosen` and `rejected`")
    draft = Draft("LLaMA-Factory preference" if sides else "Alpaca", [], used=ALPACA_KEYS)
    for number, turn in enumerate(list_at(row, "history") if row.get("history") else []):
        if not isinstance(turn, list) or len(turn) != 2 or not all(isinstance(text, str) for text in turn):
            refuse(f"/history/{number}", "a turn is a list of two texts, request and answer")
        for index, role in enumerate(("user", "assistant")):
            draft.said.append(Said({"role": role, "content": turn[index]}, f"/history/{number}/{index}", inner=False))
    request = text_at(row, "instruction")
    if row.get("input"):
        request += "\n" + text_at(row, "input")
    draft.said.append(Said(dict(user(request)), "/instruction", inner=False))
    answer = sides[0] if sides else "output"
    draft.said.append(Said(dict(assistant(text=_text_answer(row, answer))), f"/{answer}", inner=False))
    if sides:
        draft.rejected = Said(dict(assistant(text=_text_answer(row, "rejected"))), "/rejected", inner=False)
    take_tools(row, draft)
    take_system(row, draft)
    draft.note("instruction and output as messages")
    return draft


def _text_answer(row: Mapping[str, Any], key: str) -> str:
    if isinstance(row.get(key), dict | list):
        refuse(f"/{key}", "this must be a text: " + json.dumps(row[key], ensure_ascii=False)[:40])
    return text_at(row, key)
