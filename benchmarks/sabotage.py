"""`python -m benchmarks.sabotage --good RUN [--runs N]`: does the gate catch broken adapters, and only those?

Breaks a good adapter in every way of `train.sabotage.kinds`, gates each, and prints the verdict, the contracts that
caught it, and the replies and seconds it took; so it does for controls, which are made alike and not broken. Then gates
the good adapter itself with `--runs` fresh seeds: each rejection is a false alarm. With `--true-rates N`, it and the
accepted broken adapters are asked N cases a gating contract, to show that they were rightly accepted. `--out` keeps the
results by kind and strength, so that a stopped run goes on, and runs of other kinds (`--kind`) can fill the same folder
side by side.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.false_alarms import PASSED, verdict
from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from suite import gate
from suite.contracts import GATING
from suite.engine import identify, start_engine
from suite.engine.cached import CachedEngine
from suite.exam.scene import Scene
from suite.gating import open_engine
from suite.judging.contract import Contract
from suite.lanes.asking import MAX_NEW_TOKENS, Asker
from suite.outcome import Ceiling, Held, NotApplicable, Scored
from suite.settings import MADE_UP
from suite.statistics.stats import clopper_pearson
from train.sabotage.kinds import Bench, Kind, all_kinds, controls

HEAD = "| kind | strength | verdict | caught by | replies | time |\n| --- | --- | --- | --- | --- | --- |\n"


def judged(
    adapter: Path, seed: int, cache: Path, engine: CachedEngine | None = None, made_up: int = MADE_UP
) -> dict[str, Any]:
    """What the gate says of one adapter; a refusal before any contract counts as caught too.

    `engine` is one that is open already; its start is not among the seconds then.
    """
    started, before = time.monotonic(), engine.generated if engine else 0
    try:
        results = gate(adapter, seed=seed, cache=cache, contracts=GATING, engine=engine, made_up=made_up)
    except UserError as error:
        return {"verdict": "refused", "caught by": error.problem, "replies": 0, "seconds": time.monotonic() - started}
    return {
        "verdict": verdict(results),
        "caught by": ", ".join(c.name for c in results.contracts if c.verdict.name == "fail") or "-",
        "replies": results.calls["generated"] - before,
        "seconds": time.monotonic() - started,
    }


def sabotaged(bench: Bench, kinds: Sequence[Kind], out: Path, made_up: int) -> Iterator[dict[str, Any]]:
    """One row for each kind; what was done in an earlier run is read, not done again."""
    for kind in kinds:
        folder = out / kind.slug
        kept = folder / "judged.json"
        if not kept.exists():
            shutil.rmtree(folder, ignore_errors=True)  # half an adapter, if the run was stopped while one was made
            folder.mkdir(parents=True)
            said = judged(kind.make(bench, folder / "adapter"), 0, folder / "cache", made_up=made_up)
            kept.write_text(json.dumps(said), encoding="utf-8")
        yield {"kind": kind.name, "strength": kind.strength, **json.loads(kept.read_text(encoding="utf-8"))}


def false_alarms(good: Path, seeds: range, out: Path, made_up: int) -> Iterator[dict[str, Any]]:
    """The good adapter under fresh seeds, each run without the counterexamples that those before it kept."""
    engine = open_engine(identify(good, None, None), out / f"good-cache-{seeds.start}")
    for seed in seeds:
        kept = out / f"good-{seed:02}.json"
        if not kept.exists():
            kept.write_text(json.dumps(judged(good, seed, out / f"good-{seed:02}", engine, made_up)), encoding="utf-8")
        yield {"kind": "good adapter", "strength": f"seed {seed}", **json.loads(kept.read_text(encoding="utf-8"))}


def true_rates(adapter: Path, kept: Path, cases: int, made_up: int, names: Collection[str] = ()) -> dict[str, str]:
    """Share of cases in which the gating contracts, or the named ones, hold, on draws that no gate has; kept there."""
    if not kept.exists():
        asker = Asker(start_engine(identify(adapter, None, None)), max_new_tokens=MAX_NEW_TOKENS)
        scene = Scene.on(made_up=made_up)
        asked = [c for c in GATING if not isinstance(c.bar, Ceiling) and (not names or c.name in names)]
        found = {c.name: _rate(c, asker, scene, cases) for c in asked}
        kept.write_text(json.dumps(found), encoding="utf-8")
    rates: dict[str, str] = json.loads(kept.read_text(encoding="utf-8"))
    return rates


def _rate(contract: Contract, asker: Asker, scene: Scene, cases: int) -> str:
    drawn = [contract.draw(scene, SeededChooser(f"true rate:{contract.name}:{n}")) for n in range(cases)]
    outcomes = [contract.judge(case, reply) for case, reply in zip(drawn, asker.ask(drawn), strict=True)]
    counted = [outcome for outcome in outcomes if not isinstance(outcome, NotApplicable)]
    held = sum(isinstance(o, Held) or (isinstance(o, Scored) and o.correct) for o in counted)
    interval = clopper_pearson(held, len(counted))
    return f"{held / len(counted):.2%} ({interval.low:.2%} to {interval.high:.2%})"


def told(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The same rows, each printed as a line of the table as soon as it is there."""
    for row in rows:
        seconds = f"{row['seconds']:.0f} s"
        cells = (row["kind"], row["strength"], row["verdict"], row["caught by"], str(row["replies"]), seconds)
        sys.stdout.write(f"| {' | '.join(cells)} |\n")
        sys.stdout.flush()
        yield row


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sabotage", description=__doc__)
    parser.add_argument("--good", type=Path, required=True, help="run folder of an adapter that passes the gate")
    parser.add_argument("--out", type=Path, default=Path("runs/sabotage"))
    parser.add_argument("--rows", type=int, default=160, help="rows that faults are taught with")
    parser.add_argument("--epochs", type=float, default=1.0)
    parser.add_argument("--kind", action="append", help="only those whose folder's name holds this; repeatable")
    parser.add_argument("--runs", type=int, default=40, help="gates of the good adapter, each with its own seed")
    parser.add_argument("--first-seed", type=int, default=1, help="of these gates, so that others can run beside them")
    parser.add_argument("--made-up", type=int, default=MADE_UP, help="per cent of cases on catalogs nobody wrote")
    parser.add_argument("--true-rates", type=int, default=0, help="cases a contract for the good and accepted adapters")
    parser.add_argument("--rates-of", action="append", choices=[c.name for c in GATING], help="only these; repeatable")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    broken, sound = (
        [kind for kind in kinds if not options.kind or any(part in kind.slug for part in options.kind)]
        for kinds in (all_kinds(), controls())
    )
    good = identify(options.good, None, None).adapter
    assert good
    sys.stdout.write(HEAD)
    bench = Bench.of(good, options.rows, options.epochs)
    judgements = list(told(sabotaged(bench, broken, options.out, options.made_up)))
    accepted = [kind for kind, row in zip(broken, judgements, strict=True) if row["verdict"] == PASSED]
    for _ in told(sabotaged(bench, sound, options.out, options.made_up)):
        pass
    seeds = range(options.first_seed, options.first_seed + options.runs)
    gated = told(false_alarms(options.good, seeds, options.out, options.made_up))
    alarms = [row for row in gated if row["verdict"] != PASSED]
    sys.stdout.write(f"\naccepted broken adapters: {len(accepted)} of {len(broken)}\n")
    sys.stdout.write(f"good adapter not passed: {len(alarms)} of {options.runs}\n")
    if options.true_rates:
        kept = "-".join(["true-rates", str(options.true_rates), *(options.rates_of or [])]) + ".json"
        rates = partial(true_rates, cases=options.true_rates, made_up=options.made_up, names=options.rates_of or ())
        tell_rates("the good adapter", rates(options.good, options.out / kept))
        for kind in accepted:
            folder = options.out / kind.slug
            tell_rates(f"{kind.name}, {kind.strength}", rates(folder / "adapter", folder / kept))


def tell_rates(whose: str, rates: Mapping[str, str]) -> None:
    listed = ", ".join(f"{name} {rate}" for name, rate in rates.items())
    sys.stdout.write(f"true rates of {whose}: {listed}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
