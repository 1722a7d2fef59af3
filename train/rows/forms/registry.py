"""Which form a row is in, by its own keys, and the row as a draft in the project's own form."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from train.rows.forms import chat, glaive, sharegpt, single, trl
from train.rows.forms.draft import Draft, refuse


@dataclass(frozen=True, slots=True)
class Form:
    """A family of rows: the keys that each of its rows has, and the reader of one."""

    keys: tuple[str, ...]
    read: Callable[[Mapping[str, Any]], Draft]


FORMS: tuple[Form, ...] = (
    Form(("messages",), chat.read),
    Form(("user_content",), single.seedcore),
    Form(("prompt", "completion"), trl.completion),
    Form(("conversations",), sharegpt.read),
    Form(("instruction",), single.alpaca),
    Form(("query", "answers"), single.xlam),
    Form(("question", "correct_answer"), single.when2call),
    Form(("chat",), glaive.read),
    Form(("chosen", "rejected"), trl.preference),
)
DECIDING = tuple(dict.fromkeys(key for form in FORMS for key in form.keys))
"""All keys by which a form is known."""
_WITH_ANSWERS = (sharegpt.read, single.alpaca)
"""Forms whose rows may be preference pairs too, with `chosen` and `rejected` beside their own keys."""
_SWIFT, _KTO = "answers that ms-swift rejects", "answers judged good or bad (KTO)"
_UNREAD = {
    "images": "pictures", "image": "pictures", "videos": "videos", "audios": "sound", "rejected_response": _SWIFT,
    "rejected_messages": _SWIFT, "chosen_response": "pairs of this form", "kto_tag": _KTO,
}  # fmt: skip
"""Keys that change what a row teaches, and are read in no form."""


def draft_of(row: Mapping[str, Any]) -> Draft:
    """The row as its form's reader takes it; raises Unreadable for no form, several, or what no form reads.

    A null says nothing of a row's form: it stands for a key that other rows of the file have.
    """
    given = {key: value for key, value in row.items() if value is not None}
    found = [form for form in FORMS if all(key in given for key in form.keys)]
    if len(found) == 2 and found[0].read in _WITH_ANSWERS and found[1].read is trl.preference:
        found.pop()
    if not found:
        keys = ", ".join(map(repr, list(row)[:8])) or "none"
        known = "; ".join(" and ".join(f"`{key}`" for key in form.keys) for form in FORMS[1:])
        refuse("", f"the row has no `messages`, nor the keys of another form that is read ({known}); its keys: {keys}")
    if len(found) > 1:
        both = " and ".join(f"`{form.keys[0]}`" for form in found)
        refuse("", f"the row is in two forms, by its {both}; keep one")
    for key, what in _UNREAD.items():
        if given.get(key) not in (None, [], ""):
            refuse(f"/{key}", f"{what} cannot be read")
    draft = found[0].read(given)
    chat.settle(draft)
    if draft.rejected is not None or found[0].read is trl.preference:
        draft.used = (*draft.used, "chosen", "rejected")
    return draft
