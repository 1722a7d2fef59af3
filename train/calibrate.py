"""`python -m train calibrate RUN`: from how sure an adapter is to how often it is right then, stored in its folder.

The adapter answers requests of the kind that `calibrated_confidence` measures, by the gate's own settings: on its
catalogs, and in the words of its examples. All other words are of the split `eval`, which neither training nor the exam
uses.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from fixtures.grounding import normal
from fixtures.progress import Replies
from fixtures.types import Case
from fixtures.versions import installed
from fixtures.vocab import Split
from suite.calibration import Calibrator, calibration
from suite.calibration.calibrator import METHODS, Method
from suite.calibration.fitting import LEAST_UNITS, Fitted, Pairs, fit
from suite.contracts.calibrated_confidence import calibrated_confidence
from suite.engine import Engine, identify
from suite.exam.scene import Scene
from suite.gating import Drawn, open_engine
from suite.lanes.asking import MAX_NEW_TOKENS, Asker
from suite.outcome import Scored
from train.gate_options import add_gate, gate_settings
from train.screen import say

ABOUT = "fit what maps an adapter's confidence to probability, and store it with the adapter"
SPLIT: Split = "eval"
ROWS = 200
_OF_THE_GATE = (
    "base", "format", "chat_template", "template_kwargs", "system", "catalog", "examples", "made_up", "dtype",
)  # fmt: skip
_LIBRARIES = ("callproof", "numpy", "scipy", "peft", "torch", "transformers")


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command line."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder, or an adapter's own")
    parser.add_argument("--rows", type=int, default=ROWS, metavar="N", help="requests to ask (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of these requests (default: 0)")
    parser.add_argument("--method", choices=METHODS, help="default: the one with the least held-out log loss")
    add_gate(parser, *_OF_THE_GATE)


def main(options: argparse.Namespace) -> int:
    """Ask, fit and store; raises UserError for bad input, before any model is loaded where that can be known."""
    settings = gate_settings(options, *_OF_THE_GATE)
    if options.rows < LEAST_UNITS:
        raise UserError("--rows", f"{options.rows} requests tell too little", allowed=f"{LEAST_UNITS} and more")
    # Not with its calibrator: that one is about to be made anew, and one of before would be refused.
    target = identify(options.run, settings.base, settings.format, calibrated=False, given=settings.given)
    scene = Drawn.of(settings).scene(target.format, SPLIT)
    engine = open_engine(target, Path(settings.cache), dtype=settings.dtype)
    calibrator, told = calibrate(engine, scene, options.rows, options.seed, options.method)
    assert target.adapter  # identify has refused a path that is no adapter
    file = calibrator.write(target.adapter)
    say(f"{told}\n{file}: the gate goes by it from now on")
    return 0


def calibrate(
    engine: Engine, scene: Scene, rows: int, seed: int, method: Method | None = None
) -> tuple[Calibrator, str]:
    """A calibrator of the figure that users act on, complete with what it was made from, and what it is worth."""
    kind = "verbalised" if engine.format.verbalises_confidence else "likelihood"
    pairs = ask(engine, draw(scene, rows, seed), kind)
    fitted = fit(pairs, kind, method, seed=seed)
    who = engine.identity
    calibrator = replace(
        fitted.calibrator,
        identity={
            "adapter_digest": who.adapter_digest,
            "base": who.base,
            "base_digest": who.base_digest,
            "format": who.format,
            "format_digest": who.format_digest,
        },
        data={
            "split": SPLIT,
            "seed": seed,
            "rows": rows,
            "catalogs": {spoken.catalog.name: spoken.digest for spoken in scene.catalogs},
            "examples": dict(scene.examples.files),
            "made_up_percent": scene.made_up_percent,
            "used": len(pairs.correct),
            "right": sum(pairs.correct),
            "held_out_log_loss": dict(fitted.log_loss),
        },
        libraries=installed(*_LIBRARIES),
    )
    return calibrator, summary(fitted, pairs, seed)


def draw(scene: Scene, rows: int, seed: int) -> list[Case]:
    """What the adapter is asked: requests as the exam has them, but of the scene's words, and never the same draw."""
    return [calibrated_confidence.draw(scene, SeededChooser(f"calibrate:{seed}:{number}")) for number in range(rows)]


def ask(engine: Engine, cases: Sequence[Case], kind: str) -> Pairs:
    """How sure the replies to these cases are, and whether they are right, as the contract judges it.

    A reply without the figure is left out: there is nothing to map.
    """
    progress = Replies(sys.stderr)
    progress.begin(f"asking {engine.identity.adapter} fresh cases", len(cases))
    asker = Asker(engine, max_new_tokens=MAX_NEW_TOKENS, progress=progress.show)
    replies = asker.ask(cases, "calibrating")
    judged = [calibrated_confidence.judge(case, reply) for case, reply in zip(cases, replies, strict=True)]
    scored = [
        (one, _sentence_of(case) or one.unit)
        for case, one in zip(cases, judged, strict=True)
        if isinstance(one, Scored) and kind in one.confidence
    ]
    return Pairs([s.confidence[kind] for s, _ in scored], [s.correct for s, _ in scored], [unit for _, unit in scored])


def _sentence_of(case: Case) -> str:
    """What people asked in their own words, if they did: a sentence that says no value comes again and again, on other
    tools, and all of that is one unit."""
    return f"said: {normal(case.request)}" if case.language == "examples" else ""


def summary(fitted: Fitted, pairs: Pairs, seed: int) -> str:
    """What was fitted, and what it is worth on conversations that it was fitted without."""

    def error(confidence: Sequence[float]) -> str:
        x = calibration(confidence, pairs.correct, units=pairs.units, seed=seed).measures["ece"]
        return f"{x.estimate:.3f} ({x.low:.3f} to {x.high:.3f})"

    made, right = fitted.calibrator, f"{sum(pairs.correct)} of {len(pairs.correct)} replies right"
    losses = ", ".join(f"{loss:.3f} {name}" for name, loss in fitted.log_loss.items())
    return (
        f"{made.method} calibrator of the {made.confidence}, {right}\n"
        f"held-out log loss: {losses}\n"
        f"expected calibration error: {error(pairs.confidence)} raw, {error(fitted.held_out)} held out"
    )
