"""A template that writes an answer otherwise once more follow gives each answer a row of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.formats import Format, load_format
from fixtures.formats.found import find_formats
from fixtures.rows.reading import Row
from tests.fixtures.formats.found.templates import HERMES, source
from tests.train.everyformat import FORGETFUL, MARKED, TWICE
from train.rows.mask import load_tokenizer, one_answer_each

ROW = Row(3, tuple(TWICE["messages"]), tuple(TWICE["tools"]))


@pytest.fixture(scope="module")
def forms() -> Mapping[str, Format]:
    sources = [source(HERMES), source(FORGETFUL), source(MARKED)]
    found = [form for form in find_formats(sources) if isinstance(form, Format)]
    return dict(zip(("hermes", "forgetful", "marked"), found, strict=True))


def answers(row: Row, form: Format) -> list[str]:
    rendered = form.render(row.messages, row.tools)
    return [rendered.text[start:end] for start, end in rendered.answers]


def test_each_answer_is_learned_once_as_it_would_be_said(forms: Mapping[str, Format]) -> None:
    form = forms["forgetful"]
    assert len(answers(ROW, form)) == 1
    parts = one_answer_each(ROW, form)
    assert [(part.line, len(part.messages)) for part in parts] == [(3, 2), (3, 5)]
    told = [answers(part, form) for part in parts]
    assert [len(said) for said in told] == [1, 1]
    rooms = [form.parse(said, ROW.tools).calls[0].arguments["room"] for (said,) in told]
    assert rooms == ["bar", "spa"]


@pytest.mark.parametrize("name", ["hermes", "marked"])
def test_a_row_stays_whole_where_the_past_is_written_as_it_was_said(name: str, forms: Mapping[str, Format]) -> None:
    assert one_answer_each(ROW, forms[name]) == (ROW,)
    assert len(answers(ROW, forms[name])) == 2
    assert one_answer_each(ROW, load_format("hermes")) == (ROW,)


def test_an_answer_that_is_only_read_gets_no_row(forms: Mapping[str, Format]) -> None:
    first = {**ROW.messages[1], "weight": 0}
    read = replace(ROW, messages=(ROW.messages[0], first, *ROW.messages[2:]))
    assert one_answer_each(read, forms["forgetful"]) == (read,)


def test_a_preference_pair_has_one_answer(forms: Mapping[str, Format]) -> None:
    pair = replace(ROW, rejected={"role": "assistant", "content": "No."})
    assert one_answer_each(pair, forms["forgetful"]) == (pair,)


def test_the_marks_of_a_stranger_do_not_count(forms: Mapping[str, Format]) -> None:
    assert "{%- generation -%}" in forms["marked"].chat_template
    assert answers(ROW, forms["marked"]) == answers(ROW, forms["hermes"])


@pytest.mark.parametrize(
    ("tokens", "named"),
    [
        (["<|im_end|>", "<|endoftext|>", "<unk>", "<|right_pad|>"], "<|right_pad|>"),
        (["<|im_end|>", "<|endoftext|>", "<unk>"], "<unk>"),
        (["<|im_end|>", "<|endoftext|>"], "<|im_end|>"),
    ],
    ids=["pad", "unknown", "end"],
)
def test_a_tokenizer_without_padding_gets_a_token_that_ends_nothing(
    tokens: list[str], named: str, tmp_path: Path
) -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    words = ["<|im_start|>", *tokens]
    plain = Tokenizer(models.WordLevel({token: number for number, token in enumerate(words)}, unk_token="<unk>"))
    plain.add_special_tokens(words)
    unknown = {"unk_token": "<unk>"} if "<unk>" in tokens else {}
    PreTrainedTokenizerFast(tokenizer_object=plain, eos_token="<|im_end|>", **unknown).save_pretrained(tmp_path)
    assert load_tokenizer(tmp_path, load_format("hermes")).pad_token == named
