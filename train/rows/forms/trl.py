"""TRL's own forms: a prompt and its completion, and preference pairs with a prompt of their own or within the answers.

Of a completion the assistant's messages are learned, and nothing of the prompt, as `SFTTrainer` has it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from train.rows.forms.chat import take_system, take_tools
from train.rows.forms.draft import Draft, Said, list_at, refuse

KEYS = ("prompt", "completion", "chosen", "rejected", "tools", "functions", "system", "kind")
_PLAIN = "plain text, and whether it is a request or the prompt as the model reads it is not told; write messages"


def completion(row: Mapping[str, Any]) -> Draft:
    """A row of `prompt` and `completion`."""
    if "label" in row:
        refuse("/label", "rows that are judged good or bad (KTO) cannot be read; keep the good ones, without `label`")
    prompt, answer = _conversation(row, "prompt"), _conversation(row, "completion")
    for said in prompt:
        message = said.message
        if isinstance(message, dict) and message.get("role") == "assistant" and message.get("weight") is None:
            said.message = {**message, "weight": 0}
    draft = Draft("TRL prompt-completion", [*prompt, *answer], used=KEYS)
    draft.note("prompt and completion as messages")
    take_tools(row, draft)
    take_system(row, draft)
    return draft


def preference(row: Mapping[str, Any]) -> Draft:
    """A row of `chosen` and `rejected`, the prompt beside them or at the head of both."""
    sides = {key: _conversation(row, key) for key in ("chosen", "rejected")}
    name = "preference pairs"
    if isinstance(row.get("prompt"), str):
        refuse("/prompt", _PLAIN)
    prompt = _conversation(row, "prompt") if "prompt" in row else []
    if not prompt:
        name = "TRL preference, prompt within"
        chosen, rejected = sides["chosen"], sides["rejected"]
        shared = 0
        while shared < min(len(chosen), len(rejected)) and chosen[shared].message == rejected[shared].message:
            shared += 1
        prompt, sides = chosen[:shared], {"chosen": chosen[shared:], "rejected": rejected[shared:]}
        if not prompt:
            refuse("/chosen", "the row has no `prompt`, and chosen and rejected do not begin alike")
    for key, said in sides.items():
        if len(said) != 1:
            refuse(f"/{key}", "this must be a list of one message" + ("" if "prompt" in row else " after the prompt"))
    draft = Draft(name, [*prompt, *sides["chosen"]], rejected=sides["rejected"][0], used=KEYS)
    if name != "preference pairs":
        draft.note("the prompt is what both answers begin with")
    take_tools(row, draft)
    take_system(row, draft)
    return draft


def _conversation(row: Mapping[str, Any], key: str) -> list[Said]:
    if isinstance(row.get(key), str) and not row[key].lstrip().startswith("["):
        refuse(f"/{key}", _PLAIN)
    messages = list_at(row, key)
    return [Said(message, f"/{key}/{number}") for number, message in enumerate(messages)]
