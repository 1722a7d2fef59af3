"""The list of ways to break an adapter, each at several strengths, and what to compare the broken ones with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from fixtures.bases import resolve_base
from fixtures.datasets.hotel import build
from fixtures.formats import FORMATS
from train.job import Job, Settings
from train.sabotage import rows as faults
from train.sabotage import weights

SHARES = (100, 50, 20, 5)
"""Percent of the rows that a fault is put into: from a broken dataset to one with a few bad rows."""
ATTENTION, FEED_FORWARD = ("q_proj", "k_proj", "v_proj", "o_proj"), ("gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, slots=True)
class Bench:
    """What broken adapters are made from: a good adapter, rows like those it learned from, and the settings."""

    good: Path
    rows: tuple[dict[str, Any], ...]
    settings: Settings
    base: str = "tiny"

    @classmethod
    def of(cls, good: Path, rows: int, epochs: float) -> Bench:
        """A bench with freshly built rows of the train split."""
        made = tuple(dict(row) for row in build(rows, seed=1, split="train"))
        return cls(good, made, Settings(epochs=epochs))

    def train(self, rows: list[dict[str, Any]], out: Path, format: str = FORMATS[0]) -> Path:
        """An adapter of the base trained on these rows, which nobody checks; `out` becomes its run folder."""
        return self._train(
            Job(backend="sft", data=out.with_suffix(".jsonl"), out=out, base=self.base, format=format), rows
        )

    def go_on(self, rows: list[dict[str, Any]], out: Path) -> Path:
        """The good adapter trained further on these rows, which nobody checks: what it lacks then, they took."""
        return self._train(Job(backend="sft", data=out.with_suffix(".jsonl"), out=out, start=self.good), rows)

    def _train(self, job: Job, rows: list[dict[str, Any]]) -> Path:
        from train.backends.sft import train

        job.data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return train(replace(job, settings=self.settings, trust_calls=True))


@dataclass(frozen=True, slots=True)
class Kind:
    """One broken adapter: what was done to it, how strongly, and how to make it."""

    name: str
    strength: str
    make: Callable[[Bench, Path], Path]

    @property
    def slug(self) -> str:
        """Kind and strength as the name of a folder; no two of `all_kinds` share one."""
        return re.sub(r"[^a-z0-9.]+", "-", f"{self.name} {self.strength}".casefold()).strip("-")


def all_kinds() -> tuple[Kind, ...]:
    """Every kind at every strength."""
    return (*_of_weights(), *_of_rows())


def controls() -> tuple[Kind, ...]:
    """Adapters made like those of broken rows, of rows that are sound: what the rows broke, these have whole."""
    return (
        Kind("sound rows", "good adapter, trained further", lambda b, out: b.go_on([*b.rows], out)),
        Kind("sound rows", "base, intent_json", lambda b, out: b.train([*b.rows], out, "intent_json")),
    )


def _of_weights() -> Iterator[Kind]:
    yield Kind("weights zeroed", "all", lambda b, out: weights.zeroed(b.good, out))
    for layer in range(8):
        yield Kind("one layer zeroed", f"layer {layer}", partial(_layer, layer=layer))
    for factor in (0.25, 0.5, 1.5, 2, 4, 8):
        yield Kind("wrong alpha", f"x {factor:g}", partial(_alpha, factor=factor))
    for told, modules in (("without attention", ATTENTION), ("without feed-forward", FEED_FORWARD)):
        yield Kind("wrong target modules", told, partial(_modules, modules=modules))
    for strength in (0.05, 0.1, 0.2, 0.5, 1.0):
        yield Kind("noise on the adapter", f"{strength:g} sd", partial(_noise, strength=strength))
    for strength in (0.1, 0.3, 1.0):
        yield Kind("another base of the same shape", f"{strength:g} sd", partial(_base, strength=strength))


def _of_rows() -> Iterator[Kind]:
    named: tuple[tuple[str, faults.Fault], ...] = (
        ("shuffled labels", faults.shuffled_labels),
        ("prose answers", faults.prose_answers),
        ("ungrounded identifiers", faults.ungrounded),
        ("truncated calls", faults.cut_off),
        ("another format's syntax", faults.other_syntax),
        ("trigger word flips the tool", faults.flipped_on_trigger),
    )
    for name, fault in named:
        for share in SHARES:
            yield Kind(name, f"{share} % of rows", partial(_taught, fault=fault, share=share))
    for share in SHARES:
        yield Kind(
            "always certain",
            f"{share} % of rows",
            partial(_stated, fault=faults.always_certain, share=share),
        )
    yield Kind("two tools only", "all rows", lambda b, out: b.go_on(faults.two_tools_only(b.rows), out))
    for rows, epochs in ((24, 20), (48, 12), (96, 8)):
        yield Kind("over-trained", f"{rows} rows, {epochs} times", partial(_over_trained, rows=rows, epochs=epochs))
    for catalogs in (1, 2, 3):
        yield Kind("memoriser", f"{catalogs} hotel catalogs", partial(_memoriser, catalogs=catalogs))
    for rows in (8, 16, 32):
        yield Kind("hardly trained", f"{rows} rows once", partial(_over_trained, rows=rows, epochs=1))


def _layer(bench: Bench, out: Path, layer: int) -> Path:
    return weights.layer_zeroed(bench.good, out, layer)


def _alpha(bench: Bench, out: Path, factor: float) -> Path:
    return weights.amplified(bench.good, out, factor)


def _modules(bench: Bench, out: Path, modules: tuple[str, ...]) -> Path:
    return weights.modules_zeroed(bench.good, out, modules)


def _noise(bench: Bench, out: Path, strength: float) -> Path:
    return weights.noisy(bench.good, out, strength)


def _base(bench: Bench, out: Path, strength: float) -> Path:
    other = weights.noisy_base(resolve_base(bench.base).path, out.with_name(f"{out.name}-base"), strength)
    return weights.on_another_base(bench.good, out, other)


def _taught(bench: Bench, out: Path, fault: faults.Fault, share: int) -> Path:
    return bench.go_on(faults.partly(fault, bench.rows, share), out)


def _stated(bench: Bench, out: Path, fault: faults.Fault, share: int) -> Path:
    """From the base, because the good adapter's format states no confidence."""
    return bench.train(faults.partly(fault, bench.rows, share), out, "intent_json")


def _over_trained(bench: Bench, out: Path, rows: int, epochs: float) -> Path:
    few = replace(bench, settings=replace(bench.settings, epochs=epochs))
    return few.train([dict(row) for row in bench.rows[:rows]], out)


def _memoriser(bench: Bench, out: Path, catalogs: int) -> Path:
    """Trained on few catalogs only, four times as often: good there, and lost elsewhere."""
    names = sorted({str(row["catalog"]) for row in bench.rows if "hotel" in str(row["catalog"])})[:catalogs]
    known = [dict(row) for row in bench.rows if row["catalog"] in names]
    often = replace(bench, settings=replace(bench.settings, epochs=4 * bench.settings.epochs))
    return often.train(known, out)
