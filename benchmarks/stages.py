"""`python -m benchmarks.stages [--adapter PATH] [--base NAME] [--budget N] [--numbers N] [--seed N]`: what stages gain.

The n-th case of every contract stands on the same catalog with the same tools (docs/exam.md), so that an engine reads
what such prompts begin with once. The same gate is run twice, on shared stages and on stages of their own, by one
process in float32 with empty caches, one after the other. Verdicts are of different cases, so the ratio that is told
is of processor seconds a reply; loading and warming up come before. With `--numbers N`, only the first N cases of each
gating contract's measured sample are asked, as one batch: what a gate begins with, for a machine that has other work.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from suite.contracts import GATING
from suite.engine import Engine, identify, load_engine
from suite.exam.own import OwnCases
from suite.exam.scene import Scene
from suite.gating import Read, gate
from suite.judging.contract import measured
from suite.lanes.asking import MAX_NEW_TOKENS, Asker
from suite.reply import Generation
from suite.settings import DEFAULT_BUDGET

ALONE, TOGETHER = "stages of their own", "shared stages"
_ENDED = {True: "; the gate passed", False: "; the gate did not pass", None: ""}


@dataclass(frozen=True, slots=True)
class Timed:
    """One gate: what its engine spent on replies, in processor seconds, and how many and how long these were."""

    seconds: float
    replies: int
    tokens: int
    passed: bool | None = None
    """Whether the gate did; None where only its beginning was asked."""

    @property
    def each(self) -> float:
        """Processor seconds a reply."""
        return self.seconds / max(1, self.replies)


class Meter:
    """An engine that counts what another one spends."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.identity, self.format = engine, engine.identity, engine.format
        self.seconds, self.calls, self.tokens = 0.0, 0, 0

    def generate(self, prompts: Sequence[str], *, max_new_tokens: int) -> Iterator[tuple[int, Generation]]:
        started = time.process_time()
        found = list(self.engine.generate(prompts, max_new_tokens=max_new_tokens))
        self.seconds += time.process_time() - started
        self.calls += len(found)
        self.tokens += sum(len(generation.logprobs) for _, generation in found)
        yield from found


def timed(engine: Engine, scene: Scene, seed: int, budget: int) -> Timed:
    """A gate of this engine on the scene, with nothing known from before."""
    meter = Meter(engine)
    with TemporaryDirectory() as folder:
        read = Read(scene, OwnCases())
        results = gate("none", engine=meter, read=read, cache=Path(folder), seed=seed, budget=budget)
    return Timed(meter.seconds, meter.calls, meter.tokens, results.passed)


def begun(engine: Engine, scene: Scene, seed: int, numbers: int) -> Timed:
    """The first cases of all gating contracts, asked as a gate asks its first round."""
    cases = [measured(contract, scene, seed, number) for number in range(numbers) for contract in GATING]
    meter = Meter(engine)
    Asker(meter, max_new_tokens=MAX_NEW_TOKENS).ask(cases)
    return Timed(meter.seconds, meter.calls, meter.tokens)


def told(found: dict[str, Timed]) -> str:
    """A line for each way, and the ratio."""
    lines = [
        f"{name}: {one.seconds:.1f} processor seconds, {one.replies} replies of {one.tokens / max(1, one.replies):.1f} "
        f"tokens, {1 / one.each:.1f} a second" + _ENDED[one.passed]
        for name, one in found.items()
    ]
    alone, together = found[ALONE], found[TOGETHER]
    return "\n".join([*lines, f"{alone.each / together.each:.2f} times as many replies a processor second, shared"])


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__)
    parser.add_argument("--adapter", type=Path, help="default: the bare base")
    parser.add_argument("--base", help="default: what the adapter says, or the embedded base")
    parser.add_argument("--budget", type=int, default=DEFAULT_BUDGET)
    parser.add_argument("--numbers", type=int, help="only the first so many cases of each gating contract")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    target = identify(options.adapter, options.base, None).in_dtype("float32")
    engine = load_engine(target)
    scene = Scene.on(form=target.format)
    warm = [target.format.render([{"role": "user", "content": "hello"}], [], prompt=True).text]
    list(engine.generate(warm, max_new_tokens=8))
    found = {}
    for name, shares in ((ALONE, False), (TOGETHER, True)):
        staged = replace(scene, shares=shares)
        if options.numbers:
            found[name] = begun(engine, staged, options.seed, options.numbers)
        else:
            found[name] = timed(engine, staged, options.seed, options.budget)
        sys.stdout.write(f"{name}: done, {found[name].seconds:.1f} processor seconds\n")
        sys.stdout.flush()
    sys.stdout.write(told(found) + "\n")


if __name__ == "__main__":
    main()
