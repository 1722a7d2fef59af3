"""Training rows from a JSONL file, each checked before anything is trained on it.

A line is a row of `messages` and `tools` (the Transformers chat form), or one of SeedCore's rows (`user_content`,
`tool_name`, `tool_arguments` as JSON text), which take their tools from a catalog, or a preference pair (`prompt`,
`chosen`, `rejected`, `tools`), which is a row whose answer is the chosen one.
"""

from __future__ import annotations

import codecs
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import Format
from fixtures.reading.strict import NotJson, parse_strictly
from fixtures.reading.tools import read_tools
from fixtures.types import ToolCall, assistant, user
from train.rows.checks import Fault, calls_fault, message_fault, tools_fault

MAX_FAULTS_SHOWN = 10
"""More than a screen of faults helps nobody; the rest are counted."""

Declarations = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation that ends with an answer to learn, the tools it may use, and the line it came from.

    `kind` is what the line says of itself, if it does. `rejected` is the answer that a preference pair turns down.
    """

    line: int
    messages: tuple[dict[str, Any], ...]
    tools: tuple[dict[str, Any], ...]
    kind: str = ""
    rejected: dict[str, Any] | None = None

    def canonical(self) -> str:
        """What is learned from the row as one JSON text, the same for every spelling of it; not what is rejected."""
        content = {"messages": self.messages, "tools": self.tools}
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Checked:
    """The rows that can be trained on, and what is wrong with the others, in the file's order."""

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]


def digest(rows: Iterable[Row]) -> str:
    """A content hash of the rows in their order."""
    hasher = hashlib.sha256()
    for row in rows:
        hasher.update(row.canonical().encode() + b"\n")
    return hasher.hexdigest()


def read_rows(
    path: Path,
    form: Format,
    catalog: Declarations | None = None,
    *,
    trust_calls: bool = False,
    context_field: str = "",
) -> Checked:
    """All rows of a file; raises UserError for a file that cannot be read or holds no row at all.

    `context_field` names a field of each row whose content goes into the prompt, behind the developer's line.
    """
    rows: list[Row] = []
    faults: list[Fault] = []
    for line, text in _lines(path):
        data: Any = parse_strictly(text)
        found = _row_of(line, data, catalog, trust_calls)
        if context_field and isinstance(found, Row):
            found = _with_context(found, dict(data).get(context_field), context_field, form)
        problem = found if isinstance(found, Fault) else _cannot_be_written(found, form)
        if isinstance(problem, Fault):
            faults.append(problem)
        elif isinstance(found, Row):
            rows.append(found)
    if not rows and not faults:
        raise UserError(str(path), "there is no row in this file", allowed="one JSON object a line")
    return Checked(tuple(rows), tuple(faults))


def accept(path: Path, checked: Checked, *, skip: bool, say: Callable[[str], None]) -> tuple[Row, ...]:
    """The good rows; raises UserError if there are bad ones that are not to be skipped, or nothing is left."""
    accept_parts(path, len(checked.rows), checked.faults, skip=skip, say=say)
    return checked.rows


def accept_parts(path: Path, good: int, faults: Sequence[Fault], *, skip: bool, say: Callable[[str], None]) -> None:
    """Tell which rows are left out; raises UserError if they are not to be skipped, or if none of them is good."""
    if not faults:
        return
    count = len(faults)
    noun = "row" if count == 1 else "rows"
    if not skip:
        raise UserError(
            str(path),
            f"{count} {noun} cannot be trained on\n{listing(path, faults)}",
            hint="repair what is named above, or leave such rows out with --skip-bad-rows",
        )
    if not good:
        raise UserError(str(path), f"no row can be trained on\n{listing(path, faults)}")
    say(f"left out {count} {noun} of {path}:\n{listing(path, faults)}\n")


def listing(path: Path, faults: Sequence[Fault]) -> str:
    """The first faults, one a line, each with file and line."""
    lines = [f"    {path}:{fault.line}: {fault.text}" for fault in faults[:MAX_FAULTS_SHOWN]]
    if len(faults) > MAX_FAULTS_SHOWN:
        lines.append(f"    and {len(faults) - MAX_FAULTS_SHOWN} more")
    return "\n".join(lines)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"--data {path}", f"the file cannot be read: {error.strerror}") from error
    # Not splitlines(): JSON strings may hold U+2028 and the like, which only that method takes for line ends.
    for number, line in enumerate(content.removeprefix(codecs.BOM_UTF8).split(b"\n"), 1):
        if line.strip():
            yield number, line


def _with_context(row: Row, context: Any, field: str, form: Format) -> Row | Fault:
    """The row with the context in its developer message: a text as it is, anything else as JSON."""
    if context in (None, ""):
        return Fault(row.line, f"/{field}", "the row has no such field to put into the prompt")
    told = context if isinstance(context, str) else json.dumps(context, ensure_ascii=False)
    first, *rest = form.with_developer(row.messages)
    return replace(row, messages=({**first, "content": f"{first['content']}\n{told}"}, *rest))


def _row_of(line: int, data: Any, catalog: Declarations | None, trust_calls: bool) -> Row | Fault:
    if isinstance(data, NotJson):
        return Fault(line, "", f"this is not JSON: {data.reason}")
    if not isinstance(data, dict):
        return Fault(line, "", f"a row is a JSON object, not {type(data).__name__}")
    if "user_content" in data:
        return _seedcore_row(line, data, catalog, trust_calls)
    if "chosen" in data:
        return _pair_row(line, data, catalog, trust_calls)
    if "messages" not in data:
        return Fault(line, "", "the row has no `messages` (and no `user_content`)")
    tools = data.get("tools", list(catalog) if catalog is not None else None)
    if tools is None:
        return Fault(line, "/tools", "the row has no `tools`; give them in the row, or a catalog with --tools")
    fault = tools_fault(line, tools) or message_fault(line, data["messages"])
    if fault:
        return fault
    read = read_tools(tools, "").tools if tools else ()
    fault = None if trust_calls else calls_fault(line, data["messages"], read)
    return fault or Row(line, tuple(data["messages"]), read, str(data.get("kind", "")))


def _pair_row(line: int, data: Mapping[str, Any], catalog: Declarations | None, trust_calls: bool) -> Row | Fault:
    """A preference pair in TRL's conversational form: the row that the prompt and the chosen answer make."""
    for key in ("prompt", "chosen", "rejected"):
        if not isinstance(data.get(key), list) or (key != "prompt" and len(data[key]) != 1):
            wanted = "a list of messages" if key == "prompt" else "a list of one message"
            return Fault(line, f"/{key}", f"this must be {wanted}")
    (rejected,) = data["rejected"]
    if not isinstance(rejected, dict) or rejected.get("role") != "assistant":
        return Fault(line, "/rejected/0", "what is rejected is an assistant's message")
    plain = {key: value for key, value in data.items() if key not in ("prompt", "chosen", "rejected")}
    found = _row_of(line, {**plain, "messages": [*data["prompt"], *data["chosen"]]}, catalog, trust_calls)
    return found if isinstance(found, Fault) else replace(found, rejected=rejected)


def _seedcore_row(line: int, data: Mapping[str, Any], catalog: Declarations | None, trust_calls: bool) -> Row | Fault:
    if catalog is None:
        return Fault(line, "", "a row with `user_content` needs a catalog, for example --tools tuya")
    for key in ("user_content", "tool_name", "tool_arguments"):
        if not isinstance(data.get(key), str) or not data[key].strip():
            return Fault(line, f"/{key}", "this must be a text")
    arguments = parse_strictly(data["tool_arguments"].encode("utf-8", "surrogatepass"))
    if isinstance(arguments, NotJson):
        return Fault(line, "/tool_arguments", f"this is not JSON: {arguments.reason}")
    if not isinstance(arguments, dict):
        return Fault(line, "/tool_arguments", "the arguments must be a JSON object")
    tools = tuple(dict(tool) for tool in catalog)
    messages = (dict(user(data["user_content"])), dict(assistant([ToolCall(data["tool_name"], arguments)])))
    places = {"name": "/tool_name", "arguments": "/tool_arguments"}
    fault = None if trust_calls else calls_fault(line, messages, tools, places)
    return fault or Row(line, messages, tools)


def _cannot_be_written(row: Row, form: Format) -> Fault | None:
    """What hinders the format from writing this row, if anything does."""
    try:
        row.canonical().encode()
        form.render(row.messages, row.tools)
    except UnicodeEncodeError:
        return Fault(row.line, "", "a text holds half a surrogate pair, which UTF-8 cannot write")
    except UserError as error:
        return Fault(row.line, "", f"{error.where}: {error.problem}")
    return None
