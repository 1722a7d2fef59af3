"""The rows of a file as JSON values: JSON lines, one JSON array, or parquet; told apart by how the file begins.

A row of JSON lines is known by its line, one of an array or of parquet by its number, both counted from 1.
"""

from __future__ import annotations

import codecs
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fixtures.errors import UserError
from fixtures.reading.strict import NotJson, parse_strictly
from train.rows.forms.draft import plain

MAX_ROW = 8 * 2**20
"""Bytes of one row: a context window of a million tokens."""
MAX_ARRAY = 512 * 2**20
"""Bytes of a JSON array, which is held in memory as a whole; JSON lines have no such limit."""
_PARQUET = b"PAR1"
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its line or number, what it says or why it says nothing, and the share of the file read with it."""

    number: int
    value: Any | NotJson
    share: float


def records(path: Path) -> Iterator[Record]:
    """The rows of a file, one after the other; raises UserError for a file that cannot be read."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise UserError(f"--data {path}", "this is no regular file", allowed="JSON lines, a JSON array or parquet")
        with path.open("rb") as stream:
            start = stream.read(4)
            stream.seek(3 if start.startswith(codecs.BOM_UTF8) else 0)
            if start == _PARQUET:
                yield from _parquet(path)
            elif _first(stream) == b"[" and not _is_line(stream):
                yield from _array(path, stream)
            else:
                yield from _lines(stream, path.stat().st_size)
    except (OSError, ValueError) as error:  # a ValueError for a zero byte in the name
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"--data {path}", f"the file cannot be read: {reason}") from error


def _first(stream: BinaryIO) -> bytes:
    """The first byte that is no white space; the stream stays where it was."""
    at = stream.tell()
    while (byte := stream.read(1)) and byte.isspace():
        pass
    stream.seek(at)
    return byte


def _is_line(stream: BinaryIO) -> bool:
    """Whether a list is a faulty row of JSON lines: it ends with its line, and more lines follow."""
    at = stream.tell()
    line = stream.readline(MAX_ROW)
    more = stream.read(1)
    stream.seek(at)
    return line.rstrip().endswith(b"]") and bool(more.strip()) and more not in (b"]", b"}", b",")


def _lines(stream: BinaryIO, size: int) -> Iterator[Record]:
    # By bytes: JSON strings may hold U+2028 and the like, which text mode takes for no line's end but others do.
    number = 0
    while line := stream.readline(MAX_ROW + 1):
        number += 1
        if len(line) > MAX_ROW:
            while line and not line.endswith(b"\n"):
                line = stream.readline(2**20)
            yield Record(number, NotJson(f"this is larger than {MAX_ROW // 2**20} MiB"), 1)
        elif line.strip():
            yield Record(number, parse_strictly(line, limit=MAX_ROW), stream.tell() / max(1, size))


def _array(path: Path, stream: BinaryIO) -> Iterator[Record]:
    """The elements of an array, each read strictly; what breaks the array off is the fault of the row it stands in."""
    content = stream.read(MAX_ARRAY + 1)
    if len(content) > MAX_ARRAY:
        hint = "one row a line; a file of JSON lines may be of any size"
        raise UserError(f"--data {path}", f"the JSON array is larger than {MAX_ARRAY // 2**20} MiB", hint=hint)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"--data {path}", f"this is not UTF-8 at byte {error.start}") from None
    decoder, number = json.JSONDecoder(), 0
    at = _skip(text, text.index("[") + 1)
    while not text.startswith("]", at):
        number += 1
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            yield Record(number, NotJson(f"the array breaks off here: {reason}"), 1)
            return
        yield Record(number, parse_strictly(text[at:end], limit=MAX_ROW), end / len(text))
        at = _skip(text, end)
        if not text.startswith((",", "]"), at):
            yield Record(number + 1, NotJson("the array breaks off here: a comma or ] should stand here"), 1)
            return
        at = _skip(text, at + 1) if text.startswith(",", at) else at
    if text[at + 1 :].strip():
        yield Record(number + 1, NotJson("something follows the end of the array"), 1)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \t\r\n":
        at += 1
    return at


def _parquet(path: Path) -> Iterator[Record]:
    # Not at the top: it takes a quarter of a second, and few files are of this kind.
    import pyarrow as arrow  # type: ignore[import-untyped]
    import pyarrow.parquet as parquet  # type: ignore[import-untyped]

    try:
        with parquet.ParquetFile(path) as file:
            number, rows = 0, file.metadata.num_rows
            for batch in file.iter_batches(_BATCH):
                for value in batch.to_pylist():
                    number += 1
                    found = value if plain(value) else NotJson("a value of this row is none of JSON's (a time, bytes)")
                    yield Record(number, found, number / max(1, rows))
    except (arrow.ArrowException, OSError, ValueError) as error:
        raise UserError(f"--data {path}", f"this parquet file cannot be read: {str(error)[:200]}") from error
