"""`python -m suite phrases`: asks a language model how people ask for each tool, and writes a catalog with its phrases
for a person to read. No gate does this: what it asks with stands in a file that somebody has read."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fixtures.catalogs import body_of, load_catalog
from fixtures.errors import UserError
from fixtures.files import check_free, write_text
from fixtures.printing import one_line
from fixtures.progress import Replies
from fixtures.types import Tool
from suite.phrasing.asking import phrases_in, question
from suite.phrasing.endpoint import Endpoint
from suite.phrasing.sifting import sifted
from suite.results.wording import beginning

ABOUT = "ask a language model for phrases of each tool, and write them into a catalog for a person to read"
KEY_VARIABLE = "OPENAI_API_KEY"
ASKED_TWICE = 2
"""A model that words its answer otherwise than it was told may do better the second time."""
_TOLD = 80


def add_options(command: argparse.ArgumentParser) -> None:
    """The options of the command line."""
    command.add_argument("--catalog", required=True, metavar="FILE", help="or a shipped catalog's name")
    command.add_argument("--out", type=Path, required=True, metavar="FILE", help="the catalog to write; a new file")
    command.add_argument("--endpoint", required=True, metavar="URL", help="OpenAI-compatible, such as http://HOST/v1")
    command.add_argument("--model", required=True, metavar="NAME", help="as the endpoint knows it")
    command.add_argument(
        "--key-variable", default=KEY_VARIABLE, metavar="NAME", help="the environment variable with the key, if one is "
        "needed (default: %(default)s)",
    )  # fmt: skip
    command.add_argument("--n", type=int, default=6, metavar="N", help="phrases for each tool (default: %(default)s)")
    command.add_argument(
        "--timeout", type=float, default=60.0, metavar="SECONDS", help="for one answer (default: %(default)s)"
    )


def written(options: argparse.Namespace) -> str:
    """Ask, sift and write the whole file; returns what is printed. UserError for bad input, or where nothing comes."""
    for name, value, most in (("--n", options.n, 50), ("--timeout", options.timeout, 3600)):
        if not 0 < value <= most:
            raise UserError(name, f"{value} is out of bounds", allowed=f"more than 0, at most {most}")
    if os.path.lexists(options.out):
        check_free(options.out, overwrite=False)
        raise UserError(str(options.out), "this is a folder", allowed="the name of a new file")
    tools, body = load_catalog(options.catalog).catalog.tools, body_of(options.catalog)
    given: Mapping[str, Sequence[str]] = {name: said for name, said in body.get("phrases", {}).items() if said}
    key = os.environ.get(options.key_variable, "").strip()
    endpoint = Endpoint(options.endpoint, options.model, key, options.timeout)
    asked, silent = _asked(endpoint, tools, given, options.n)
    kept, dropped = sifted(tools, given, asked)
    if not kept:
        told = "".join(f"\n    {line}" for line in _left_out(silent, dropped)) or " every tool has phrases already"
        raise UserError(f"--endpoint {options.endpoint}", f"no phrase came of it:{told}", hint="another --model")
    whole = {**body, "phrases": {**kept, **given}}
    check_free(options.out, overwrite=False)  # once more: the answers took their time
    write_text(options.out, json.dumps(whole, indent=2, ensure_ascii=False) + "\n")
    without = [tool.name for tool in tools if tool.name not in whole["phrases"]]
    lines = [f"{sum(map(len, kept.values()))} phrases for {len(kept)} of {len(tools)} tools are in {options.out}"]
    lines += [f"{len(given)} have phrases already, and keep them"] if given else []
    lines += [*_left_out(silent, dropped), *(f"without phrases: {one_line(name)}" for name in without)]
    lines.append(f"read them, and then: python -m suite preview --catalog {options.out}")
    return "".join(f"{line}\n" for line in lines)


def _asked(
    endpoint: Endpoint, tools: Sequence[Tool], given: Mapping[str, Sequence[str]], count: int
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """What the model gave for each tool that has no phrases yet, and for those without a list what it said instead."""
    found: dict[str, list[str]] = {}
    silent: dict[str, str] = {}
    progress = Replies(sys.stderr)
    left = [tool for tool in tools if tool.name not in given]
    progress.begin(f"asking {endpoint.model} about {len(left)} tools", len(left))
    try:
        for number, tool in enumerate(left, 1):
            messages = question(tool, [other for other in tools if other is not tool], count)
            for _ in range(ASKED_TWICE):
                answer = endpoint.ask(messages)
                phrases = phrases_in(answer)
                if phrases is not None:
                    found[tool.name] = phrases[:count]
                    break
            else:
                silent[tool.name] = answer
            progress.show("phrases", number, len(left))
    finally:
        progress.close()
    return found, silent


def _left_out(silent: Mapping[str, str], dropped: Sequence[tuple[str, str, str]]) -> Iterator[str]:
    for name, answer in silent.items():
        yield f"no list of phrases for {one_line(name)}: {beginning(answer, _TOLD)}"
    for name, phrase, why in dropped:
        yield f"dropped for {one_line(name)}, because {why}: {_shown(phrase)}"


def _shown(phrase: Any) -> str:
    return beginning(json.dumps(phrase, ensure_ascii=False), _TOLD)
