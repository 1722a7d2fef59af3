"""Token ids and labels of a row: the loss falls on the assistant's answers and their stop tokens, on nothing else.

An answer with `"weight": 0` is read, not learned, as in OpenAI's fine-tuning format.

Every backend trains on exactly this; `encode` proves for each row that the tokens before an answer are those that the
gate sends as its prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import Format, Rendered
from fixtures.printing import printable
from fixtures.rows.checks import Fault
from fixtures.rows.reading import Row
from train.rows.pieces import IGNORED, Piece, Pieces


@dataclass(frozen=True, slots=True)
class Example:
    """A row as the model reads it: `labels` repeats an id where it is to be learned and is IGNORED elsewhere."""

    ids: tuple[int, ...]
    labels: tuple[int, ...]

    def runs(self) -> Iterator[tuple[bool, tuple[int, ...]]]:
        """The tokens in stretches that are all learned (True) or all ignored."""
        start = 0
        for learned, run in groupby(self.labels, key=IGNORED.__ne__):
            end = start + sum(1 for _ in run)
            yield learned, self.ids[start:end]
            start = end


def load_tokenizer(path: Any, form: Format) -> Any:
    """The base's tokenizer with the format's chat template; raises UserError if it cannot write the format."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError) as error:
        raise UserError(str(path), f"transformers cannot load the tokenizer of this base: {error}") from error
    if not tokenizer.is_fast:
        raise UserError(str(path), "the base has no fast tokenizer, which alone can say where its tokens stand")
    needed = form.stops if form.source else form.control_tokens
    split = [token for token in needed if not _is_one_token(tokenizer, token)]
    if split:
        raise UserError(
            str(path),
            f"the tokenizer of this base lacks one token for each of {', '.join(split)}, which the format {form.name}"
            " needs",
            hint="take a base made for the format, another --format, or --format auto for the base's own",
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = _padding(tokenizer, form)
    tokenizer.chat_template = form.chat_template
    return tokenizer


def _padding(tokenizer: Any, form: Format) -> str:
    """A token to fill batches with, for a tokenizer that names none, as Llama's; nothing is learned of it.

    Rather none that ends an answer: a scorer reads the last token that is no padding.
    """
    added = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    fitting = [token for token in added if "pad" in token] + [tokenizer.unk_token, tokenizer.eos_token]
    known = [token for token in fitting if token]
    if not known:
        raise UserError(tokenizer.name_or_path, "the tokenizer of this base has no token to fill batches with")
    padding: str = next((token for token in known if token not in form.stops), known[0])
    return padding


def _is_one_token(tokenizer: Any, text: str) -> bool:
    ids = tuple(token_ids(tokenizer, text))
    return len(ids) == 1 and decode(tokenizer, ids) == text


def token_ids(tokenizer: Any, text: str) -> list[int]:
    """The ids of wire text, which brings its own beginning-of-sequence token."""
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def encode(row: Row, form: Format, tokenizer: Any, max_length: int, pieces: Pieces | None = None) -> Example | Fault:
    """Ids and labels of a row, or why it cannot be trained on with this tokenizer."""
    pieces = pieces or Pieces(tokenizer, form)
    rendered = form.render(row.messages, row.tools)
    example = _example(rendered, pieces.of(rendered.text))
    if len(example.ids) > max_length:
        return Fault(row.line, "", f"the row has {len(example.ids)} tokens, more than --max-length {max_length}")
    problem = _disparity(row, form, pieces, rendered, example)
    return Fault(row.line, "", problem) if problem else example


def one_answer_each(row: Row, form: Format) -> tuple[Row, ...]:
    """The row, or a row for each of its answers where the format would write an earlier one otherwise in a history.

    Each ends with its answer, as the gate would have it said; a preference pair has but one.
    """
    turns = _learned(row)
    if form.marks_answers or len(turns) < 2 or row.rejected is not None:
        return (row,)
    if len(form.render(row.messages, row.tools).answers) == len(turns):
        return (row,)
    return tuple(
        replace(row, messages=(*(_read_only(message) for message in row.messages[:turn]), row.messages[turn]))
        for turn in turns
    )


def _learned(row: Row) -> list[int]:
    """The numbers of the messages that are to be learned."""
    return [n for n, message in enumerate(row.messages) if message["role"] == "assistant" and message.get("weight", 1)]


def _read_only(message: dict[str, Any]) -> dict[str, Any]:
    return {**message, "weight": 0} if message["role"] == "assistant" else message


def _example(rendered: Rendered, parts: Sequence[Piece]) -> Example:
    """The tokens that stand within an answer are learned."""
    ids: list[int] = []
    labels: list[int] = []
    start, answers = 0, list(rendered.answers)
    for part in parts:
        end = start + part.length
        ids += part.ids
        while answers and answers[0][1] <= start:
            answers.pop(0)
        if not answers or end <= answers[0][0]:
            labels += part.ignored
        elif answers[0][0] <= start and end <= answers[0][1]:
            labels += part.ids
        else:
            for token, (first, last) in zip(part.ids, part.offsets, strict=True):
                within = any(a <= start + first and start + last <= b for a, b in answers)
                labels.append(token if within else IGNORED)
        start = end
    return Example(tuple(ids), tuple(labels))


def _disparity(row: Row, form: Format, pieces: Pieces, rendered: Rendered, example: Example) -> str:
    """How this example differs from what is wanted: the answers learned whole, after the gate's own prompts."""
    runs = list(example.runs())
    answers = [decode(pieces.tokenizer, tokens) for learned, tokens in runs if learned]
    if answers != [rendered.text[a:b] for a, b in rendered.answers]:
        return "the tokens to learn do not spell exactly the answers: the tokenizer joins an answer to its surroundings"
    turns = _learned(row)
    if not form.marks_answers and len(answers) == 1:
        turns = turns[-1:]  # the others stand there otherwise than they would be said
    if len(turns) != len(answers):
        return f"{len(answers)} answers are found in the text where the row has {len(turns)}"
    before = 0
    for learned, tokens in runs:
        if learned:
            prompt = form.render(row.messages[: turns.pop(0)], row.tools, prompt=True).text
            if pieces.ids(prompt) != list(example.ids[:before]):
                return "the tokens before an answer are not those of the prompt that the gate would send"
        before += len(tokens)
    return ""


def decode(tokenizer: Any, ids: tuple[int, ...]) -> str:
    """The text of these tokens, control tokens included."""
    text: str = tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
    return text


def show(example: Example, tokenizer: Any, opened: str = "⟦", closed: str = "⟧") -> str:
    """The text as the model reads it, with marks around what it learns."""
    texts = ((learned, printable(decode(tokenizer, tokens))) for learned, tokens in example.runs())
    return "".join(f"{opened}{text}{closed}" if learned else text for learned, text in texts)
