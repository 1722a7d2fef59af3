"""The loss falls on the answers and their stop tokens, after exactly the prompt that the gate sends."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.rows.checks import Fault
from fixtures.rows.reading import Row
from fixtures.types import ToolCall, assistant, user
from tests.miniature import TINY_FORMATS
from tests.train.making import LAMP, drawn, good, write
from train.rows.data import read_rows
from train.rows.mask import Example, decode, encode, load_tokenizer, show, token_ids
from train.rows.pieces import IGNORED

MAX = 4096


def row_of(*messages: Any) -> Row:
    return Row(1, tuple(dict(message) for message in messages), (LAMP.declaration(),))


def learned(example: Example | Fault, tokenizer: Any) -> list[str]:
    assert isinstance(example, Example)
    return [decode(tokenizer, tokens) for on, tokens in example.runs() if on]


ASKED = user("Lobby, please")
LIT = assistant([ToolCall("set_lamp", {"room": "lobby", "level": 3})], confidence=0.9)
BOTH = assistant([ToolCall("set_lamp", {"room": "bar"}), ToolCall("set_lamp", {"room": "spa"})])
AWKWARD = assistant([ToolCall("set_lamp", {"room": 'a "b" {c}, \\ é\n<d> 漢'})])
DONE = {"role": "tool", "content": {"name": "set_lamp", "response": {"ok": True}}}

FG_CALL = "<start_function_call>call:set_lamp{level:3,room:<escape>lobby<escape>}<end_function_call>"
FG_BOTH = "".join(
    f"<start_function_call>call:set_lamp{{room:<escape>{room}<escape>}}<end_function_call>" for room in ("bar", "spa")
)
IJ_CALL = '{"function": "set_lamp", "arguments": {"room": "lobby", "level": 3}, "confidence": 0.9}<end_of_turn>'
IJ_BOTH = ", ".join(
    f'{{"function": "set_lamp", "arguments": {{"room": "{room}"}}, "confidence": 0.95}}' for room in ("bar", "spa")
)


@pytest.mark.parametrize(
    ("form", "messages", "answers"),
    [
        ("functiongemma", [ASKED, LIT], [FG_CALL + "<start_function_response>"]),
        ("functiongemma", [ASKED, BOTH], [FG_BOTH + "<start_function_response>"]),
        ("functiongemma", [ASKED, assistant(text="No tool fits.")], ["No tool fits.<end_of_turn>"]),
        (
            "functiongemma",
            [ASKED, LIT, DONE, ASKED, BOTH],
            [FG_CALL + "<start_function_response>", FG_BOTH + "<start_function_response>"],
        ),
        ("functiongemma", [ASKED, LIT, DONE, assistant(text="Done.")],
         [FG_CALL + "<start_function_response>", "Done.<end_of_turn>"]),
        ("intent_json", [ASKED, LIT], [IJ_CALL]),
        ("intent_json", [ASKED, BOTH], [f"[{IJ_BOTH}]<end_of_turn>"]),
        ("intent_json", [ASKED, LIT, DONE, ASKED, BOTH], [IJ_CALL, f"[{IJ_BOTH}]<end_of_turn>"]),
    ],
    ids=["call", "calls", "text", "correction", "answered", "intent", "intents", "intent correction"],
)  # fmt: skip
def test_the_mask_covers_exactly_calls_texts_and_stops(
    form: str, messages: list[Any], answers: list[str], small_tokenizer: Path
) -> None:
    tokenizer = load_tokenizer(small_tokenizer, load_format(form))
    assert learned(encode(row_of(*messages), load_format(form), tokenizer, MAX), tokenizer) == answers


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_values_with_quotes_braces_and_bytes_are_learned_whole(form: str, small_tokenizer: Path) -> None:
    wire = load_format(form)
    tokenizer = load_tokenizer(small_tokenizer, wire)
    (answer,) = learned(encode(row_of(ASKED, AWKWARD), wire, tokenizer, MAX), tokenizer)
    (call,) = wire.parse(answer).calls
    assert call.arguments == {"room": 'a "b" {c}, \\ é\n<d> 漢'}


@pytest.mark.parametrize("form", TINY_FORMATS)
def test_the_tokens_before_the_answer_are_the_gates_prompt(form: str, small_tokenizer: Path, tmp_path: Path) -> None:
    wire = load_format(form)
    tokenizer = load_tokenizer(small_tokenizer, wire)
    for row in read_rows(write(tmp_path / "rows.jsonl", drawn(40)), wire).rows:
        example = encode(row, wire, tokenizer, MAX)
        assert isinstance(example, Example)
        prompt = token_ids(tokenizer, wire.render(row.messages[:-1], row.tools, prompt=True).text)
        assert list(example.ids[: len(prompt)]) == prompt
        assert example.labels[len(prompt) - 1] == IGNORED
        assert list(example.labels[len(prompt) :]).count(IGNORED) == (form == "intent_json" or ends_in_text(row))


def ends_in_text(row: Row) -> bool:
    """FunctionGemma writes a line end after a turn that ends in text, none after a call; it is not learned."""
    return not row.messages[-1].get("tool_calls")


def test_a_row_that_is_too_long_is_a_fault_that_names_both_lengths(small_tokenizer: Path) -> None:
    form = load_format("functiongemma")
    tokenizer = load_tokenizer(small_tokenizer, form)
    length = len(encode(row_of(ASKED, LIT), form, tokenizer, MAX).ids)  # type: ignore[union-attr]
    assert isinstance(encode(row_of(ASKED, LIT), form, tokenizer, length), Example)
    fault = encode(row_of(ASKED, LIT), form, tokenizer, length - 1)
    assert isinstance(fault, Fault)
    assert f"{length} tokens, more than --max-length {length - 1}" in fault.problem


class Chunks:
    """A tokenizer whose tokens are stretches of `size` characters, whatever they hold."""

    def __init__(self, size: int, shift: bool = False) -> None:
        self.size, self.shift, self.known = size, shift, [""]
        self.backend_tokenizer, self.added_tokens_decoder = self, dict[int, Any]()

    def encode(self, text: str, **_: Any) -> SimpleNamespace:
        offsets = [(start, min(start + self.size, len(text))) for start in range(0, len(text), self.size)]
        prompt = self.shift and text.endswith("<start_of_turn>model\n")
        ids = [self._id(text[a:b] + "?" * prompt) for a, b in offsets]
        return SimpleNamespace(ids=ids, offsets=offsets)

    def _id(self, piece: str) -> int:
        if piece not in self.known:
            self.known.append(piece)
        return self.known.index(piece)

    def decode(self, ids: list[int], **_: Any) -> str:
        return "".join(self.known[i] for i in ids)


@pytest.mark.parametrize(
    ("tokenizer", "problem"),
    [
        (Chunks(7), "the tokenizer joins an answer to its surroundings"),
        (Chunks(1, shift=True), "not those of the prompt that the gate would send"),
    ],
    ids=["joined", "other prompt"],
)
def test_a_tokenizer_that_breaks_the_parity_is_found_out(tokenizer: Any, problem: str) -> None:
    form = load_format("functiongemma")
    assert isinstance(encode(row_of(ASKED, LIT), form, Chunks(1), MAX), Example)
    fault = encode(row_of(ASKED, LIT), form, tokenizer, MAX)
    assert isinstance(fault, Fault)
    assert problem in fault.problem


def test_what_is_shown_is_the_text_with_marks_around_the_answers(small_tokenizer: Path) -> None:
    form = load_format("functiongemma")
    tokenizer = load_tokenizer(small_tokenizer, form)
    example = encode(row_of(*good()["messages"]), form, tokenizer, MAX)
    assert isinstance(example, Example)
    shown = show(example, tokenizer)
    assert shown.endswith(
        "<start_of_turn>model\n⟦<start_function_call>call:set_lamp{room:<escape>lobby<escape>}"
        "<end_function_call><start_function_response>⟧"
    )
    assert shown.replace("⟦", "").replace("⟧", "") == decode(tokenizer, example.ids)


def test_a_base_without_the_formats_tokens_is_refused(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    plain = Tokenizer(models.WordLevel({"<pad>": 0, "<unk>": 1, "<bos>": 2}, unk_token="<unk>"))
    PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="<pad>", unk_token="<unk>").save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"lacks one token for each of .*<start_of_turn>"):
        load_tokenizer(tmp_path, load_format("functiongemma"))
