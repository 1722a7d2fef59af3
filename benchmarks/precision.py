"""`python -m benchmarks.precision [--base NAME] [--format NAME] [--cases N]`: what bfloat16 changes beside float32.

The same cases, of the gate's distribution, are answered in both. Counted are replies that differ in any
character, those whose calls differ, and what contracts then say otherwise about the same case.
"""

from __future__ import annotations

import argparse
import sys

from fixtures.choosing import SeededChooser
from suite.contracts import CONTRACTS
from suite.engine import identify, start_engine
from suite.exam.answers import answers
from suite.exam.cases import clear_or_absent
from suite.exam.scene import DEFAULT_CATALOGS, Scene
from suite.lanes.asking import MAX_NEW_TOKENS, Asker

JUDGES = ("chooses_a_tool", "valid_calls", "right_arguments", "never_hallucinates_tools", "knows_when_nothing_fits")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.precision", description=__doc__)
    parser.add_argument("--base", default="tiny")
    parser.add_argument("--format", default="functiongemma")
    parser.add_argument("--adapter", default=None)
    parser.add_argument("--cases", type=int, default=500)
    options = parser.parse_args()
    target = identify(options.adapter, options.base, options.format)
    scene = Scene.on(DEFAULT_CATALOGS, form=target.format)
    cases = [clear_or_absent(scene, SeededChooser(f"precision:{number}")) for number in range(options.cases)]
    told = []
    for dtype in ("float32", "bfloat16"):
        told.append(Asker(start_engine(target.in_dtype(dtype)), max_new_tokens=MAX_NEW_TOKENS).ask(cases))
    texts = sum(a.generation.text != b.generation.text for a, b in zip(*told, strict=True))
    calls = sum(a.parsed.calls != b.parsed.calls for a, b in zip(*told, strict=True))
    right = sum(
        answers(case, a.parsed.calls) != answers(case, b.parsed.calls) for case, a, b in zip(cases, *told, strict=True)
    )
    sys.stdout.write(f"of {len(cases)} cases: {texts} replies, {calls} calls, {right} right or wrong otherwise\n")
    for contract in CONTRACTS:
        if contract.name in JUDGES:
            other = sum(
                type(contract.judge(case, a)) is not type(contract.judge(case, b))
                for case, a, b in zip(cases, *told, strict=True)
            )
            sys.stdout.write(f"  {contract.name}: {other} verdicts on a case differ\n")


if __name__ == "__main__":
    main()
