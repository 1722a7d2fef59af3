"""`python -m benchmarks.processes [--adapter PATH] [--cases N] [--rounds N]`: one process that answers, and several.

The cases of `valid_calls`, as the gate draws them by default, in its rounds of 40: answered by one process of as many
threads as there are cores, and by a process for each core. Loading is not counted. Rounds alternate, and the ratio is
that of the medians; replies that differ are counted.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from fixtures.choosing import SeededChooser
from suite.engine import Engine, PooledEngine, identify, load_engine, processes_for
from suite.exam.cases import stressed
from suite.exam.scene import Scene
from suite.lanes.asking import MAX_NEW_TOKENS
from suite.lanes.budget import ROUND

ONE, SEVERAL = "one process", "several processes"


def prompts_of(count: int) -> list[str]:
    scene = Scene.on()
    cases = [stressed(scene, SeededChooser(f"processes:{number}")) for number in range(count)]
    form = identify(None, "tiny", None).format
    return [form.render(case.messages, case.catalog.declarations(), prompt=True).text for case in cases]


def answered(engine: Engine, prompts: Sequence[str]) -> tuple[float, list[str]]:
    """Seconds, and the replies in order."""
    started, texts = time.monotonic(), [""] * len(prompts)
    for start in range(0, len(prompts), ROUND):
        for index, reply in engine.generate(prompts[start : start + ROUND], max_new_tokens=MAX_NEW_TOKENS):
            texts[start + index] = reply.text
    return time.monotonic() - started, texts


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.processes", description=__doc__)
    parser.add_argument("--adapter", type=Path, help="default: the bare embedded base")
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    target, prompts = identify(options.adapter, None if options.adapter else "tiny", None), prompts_of(options.cases)
    engines = {ONE: load_engine(target), SEVERAL: PooledEngine(target, processes_for(target))}
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    texts: dict[str, list[str]] = {}
    for _ in range(options.rounds):
        for name, engine in engines.items():
            took, texts[name] = answered(engine, prompts)
            seconds[name].append(took)
    for name, found in seconds.items():
        middle = statistics.median(found)
        told = f"{middle:.1f} s ({min(found):.1f} to {max(found):.1f}), {len(prompts) / middle:.1f} replies a second"
        sys.stdout.write(f"{name}: {told}\n")
    ratio = statistics.median(seconds[ONE]) / statistics.median(seconds[SEVERAL])
    other = sum(a != b for a, b in zip(texts[ONE], texts[SEVERAL], strict=True))
    sys.stdout.write(f"several are {ratio:.2f} times as fast; {other} of {len(prompts)} replies differ\n")


if __name__ == "__main__":
    main()
