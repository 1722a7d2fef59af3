"""`python -m benchmarks.check_rows [--rows N] [--apart M]`: how fast `train check` is, and what its caches are worth.

Writes N rows of the project's own form, two tools each, and runs `python -m train check` on them in a process of its
own. The alternative, in the same run: the first M of these rows with nothing kept from one row to the next (tools read
again, validators made again, the whole text tokenised instead of its pieces) and each request compared with each other.
The comparison with each other grows with the square of the rows, so its seconds a row are for M rows, not for N.

| way | rows | seconds | rows a second | ratio |
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fixtures.bases import resolve_base
from fixtures.files import write_text
from fixtures.formats import load_format
from fixtures.types import Tool, ToolCall, assistant, user

WEATHER = Tool(
    "look_up_weather",
    "Look up the weather of a place",
    {
        "type": "object",
        "properties": {
            "place": {"type": "string", "description": "Place"},
            "scale": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["place"],
    },
)
TIMER = Tool(
    "set_timer",
    "Set a timer",
    {"type": "object", "properties": {"minutes": {"type": "integer", "minimum": 1}}, "required": ["minutes"]},
)
PLACES = "Oslo Lima Bern Rome Kyoto Quito Cairo Delhi Accra Paris".split()


def rows(count: int) -> Iterator[dict[str, Any]]:
    """So many rows, each with a request of its own: a call of one tool, of the other, or none."""
    tools = [WEATHER.declaration(), TIMER.declaration()]
    for number in range(count):
        place = PLACES[number % len(PLACES)]
        ask, answer = (
            (f"how is the weather in {place}, trip {number}", assistant([ToolCall(WEATHER.name, {"place": place})])),
            (f"timer for {number + 1} minutes", assistant([ToolCall(TIMER.name, {"minutes": number + 1})])),
            (f"sing song {number}", assistant(text="I have no tool for that.")),
        )[number % 3]
        yield {"messages": [user(ask), answer], "tools": tools}


def checked(path: Path) -> float:
    """Seconds of the command, start-up and all; its exit status must be that of a file in order."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "train", "check", str(path)], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def apart(path: Path) -> float:
    """Seconds for the same findings about each row with nothing kept from one to the next; no start-up, no exam."""
    import numpy as np
    from rapidfuzz import fuzz, process

    from fixtures.reading import arguments
    from fixtures.reading import tools as reading
    from fixtures.rows import tools as of_rows
    from fixtures.rows.reading import reader
    from train.rows import survey
    from train.rows.mask import encode, load_tokenizer
    from train.rows.near import NEAR_PERCENT
    from train.rows.pieces import Pieces

    form = load_format("functiongemma")
    tokenizer = load_tokenizer(resolve_base("tiny").path, form)
    kept = [
        found
        for room in (reading, of_rows, arguments)
        for found in vars(room).values()
        if hasattr(found, "cache_clear")
    ]
    started = time.perf_counter()
    found = []
    for read in reader().read_each(path):
        for one in kept:
            one.cache_clear()
        pieces = Pieces(tokenizer, form)
        pieces.apart = False
        encode(read.found, form, tokenizer, 2048, pieces)  # type: ignore[arg-type]
        found.append(read.found)
    texts = [survey.request(row) for row in found]  # type: ignore[arg-type]
    for start in range(0, len(texts), 1000):
        part = process.cdist(texts[start : start + 1000], texts, scorer=fuzz.ratio, score_cutoff=NEAR_PERCENT)
        np.nonzero(part)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check_rows", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000, metavar="N")
    parser.add_argument("--apart", type=int, default=2_000, metavar="M")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for count in (options.rows, options.apart):
            paths[count] = Path(folder) / f"{count}.jsonl"
            write_text(paths[count], "".join(json.dumps(row) + "\n" for row in rows(count)))
        ways = {
            "train check": (options.rows, checked(paths[options.rows])),
            "each row alone": (options.apart, apart(paths[options.apart])),
        }
    slowest = min(count / seconds for count, seconds in ways.values())
    sys.stdout.write("| way | rows | seconds | rows a second | ratio |\n| --- | --- | --- | --- | --- |\n")
    for name, (count, seconds) in ways.items():
        pace = count / seconds
        sys.stdout.write(f"| {name} | {count:,} | {seconds:.1f} | {pace:,.0f} | {pace / slowest:.1f} |\n")


if __name__ == "__main__":
    main()
