"""`python -m train promote RUN --name NAME`: gate an adapter and, only if it passes, make it the one of that name.

REGISTRY/NAME/<adapter digest>/   the adapter and the results it was promoted on
REGISTRY/NAME/current.json        the alias: which of them serves now
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from fixtures.bases import digest_files
from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.progress import Replies
from fixtures.reading.strict import read_json, shown
from suite.calibration import CALIBRATOR
from suite.engine.target.folders import MANIFEST, TEMPLATE, TOKENIZER, adapter_folder
from suite.engine.target.kinds import CONFIG, WEIGHTS
from suite.outcome import Results
from train.gate_options import add_gate, gate_settings
from train.screen import say

if TYPE_CHECKING:
    from suite.engine.target.identify import Target
    from suite.settings import Settings

ABOUT = "gate an adapter and move the registry's alias to it if it passes"
_OF_THE_GATE = ("catalog", "made_up", "seed", "budget", "contracts", "leave_out_unaskable", "dtype", "results")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Promote:
    """The gate passed: this adapter, by its content hash, may take the name."""

    adapter_digest: str
    calibrator_digest: str = ""
    """Of its calibrator; empty if it was gated without one."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The gate did not pass, and why."""

    reasons: tuple[str, ...]


Decision: TypeAlias = Promote | Hold


def decide(results: Results) -> Decision:
    """Promote only if there are gating contracts and each of them passed; undecided holds like failed."""
    gating = [contract for contract in results.contracts if contract.bar.gating]
    if not gating:
        return Hold(("no gating contract was asked",))
    reasons = [f"{c.name}: {c.verdict.name}, {c.verdict.reason}" for c in gating if c.verdict.name != "pass"]
    if reasons:
        return Hold(tuple(reasons))
    return Promote(results.identity.adapter_digest, results.calibrator.digest if results.calibrator else "")


@dataclass(frozen=True, slots=True)
class Tools:
    """What promotion needs of the other rooms; tests put scripted ones in their place."""

    gate: Callable[[Path, Path | None], Results]
    """Runs the contracts against an adapter's folder, compared with the champion's if there is one."""
    digest: Callable[[Path], str]
    """The content hash of an adapter's folder."""
    write_results: Callable[[Results, Path], None]


def promote(run: Path, name: str, registry: Path, results_file: Path, tools: Tools, *, now: datetime) -> Decision:
    """Gate, write the results, decide, and apply the decision; raises UserError if the adapter changed meanwhile."""
    if not _NAME.fullmatch(name):
        raise UserError("--name", f"{name!r} cannot name a folder", allowed="letters, digits, dot, dash, underscore")
    before = tools.digest(run)
    results = tools.gate(run, champion_of(registry / name))
    tools.write_results(results, results_file)
    if results.identity.adapter_digest != before or tools.digest(run) != before:
        raise UserError(str(run), "the adapter changed while the gate ran", hint="promote it again when it is at rest")
    decision = decide(results)
    if isinstance(decision, Promote):
        apply(decision, run, registry / name, results_file, tools.digest, now=now)
    return decision


def champion_of(shelf: Path) -> Path | None:
    """The folder of the adapter that serves under this name now; None if there is none."""
    alias = shelf / "current.json"
    if not alias.is_file():
        return None
    try:
        named = read_json(alias)["adapter"]
        if not isinstance(named, str) or not _NAME.fullmatch(named):
            raise ValueError(f"{shown(named)} names no folder on this shelf")
        return shelf / named
    except (UserError, ValueError, KeyError, TypeError) as error:
        hint = "restore the file, or delete it to promote without a comparison"
        why = error.problem if isinstance(error, UserError) else error
        raise UserError(str(alias), f"this alias cannot be read: {why}", hint=hint) from None


def apply(
    decision: Promote, run: Path, shelf: Path, results_file: Path, digest: Callable[[Path], str], *, now: datetime
) -> None:
    """Put the adapter on the shelf of its name and move the alias there; a reader sees the old or the new one."""
    place = shelf / decision.adapter_digest
    partial = shelf / f"{decision.adapter_digest}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    source = adapter_folder(run)
    for file in (CONFIG, WEIGHTS, MANIFEST, CALIBRATOR, *TOKENIZER, TEMPLATE):
        if (source / file).is_file():
            shutil.copyfile(source / file, partial / file)
    shutil.copyfile(results_file, partial / "results.json")
    copied = digest_files([partial / CALIBRATOR]) if (partial / CALIBRATOR).is_file() else ""
    if digest(partial) != decision.adapter_digest or copied != decision.calibrator_digest:
        shutil.rmtree(partial)
        raise UserError(
            str(run),
            "the adapter or its calibrator changed while it was copied",
            hint="promote it again when it is at rest",
        )
    _settle(partial, place, digest)
    alias = {
        "name": shelf.name,
        "adapter_digest": decision.adapter_digest,
        "adapter": place.name,
        "results": f"{place.name}/results.json",
        "promoted": now.isoformat(timespec="seconds"),
    }
    write_text(shelf / "current.json", json.dumps(alias, indent=2) + "\n")


def _settle(partial: Path, place: Path, digest: Callable[[Path], str]) -> None:
    """Give the copied folder its name. One that serves already keeps its weights and takes the rest."""
    if _is_whole(place, digest):
        (place / CALIBRATOR).unlink(missing_ok=True)
        for file in (CALIBRATOR, "results.json"):
            if (partial / file).is_file():
                os.replace(partial / file, place / file)
        shutil.rmtree(partial)
        return
    shutil.rmtree(place, ignore_errors=True)
    partial.rename(place)


def _is_whole(place: Path, digest: Callable[[Path], str]) -> bool:
    """Whether the folder holds the adapter that its name promises."""
    try:
        return place.is_dir() and digest(place) == place.name
    except UserError:
        return False


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command line; those of the gate mean what they mean to `pytest --adapter`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder, or an adapter's own")
    parser.add_argument("--name", required=True, help="the name under which the adapter is to serve")
    parser.add_argument("--registry", type=Path, default=Path("registry"), help="where names live (default: registry)")
    add_gate(parser, *_OF_THE_GATE)


def main(options: argparse.Namespace) -> int:
    """Run the command; 0 if the adapter was promoted, 1 with the reasons if not."""
    from reports.__main__ import show
    from reports.page import check_place

    settings = gate_settings(options, *_OF_THE_GATE)
    results_file = Path(settings.results) if settings.results else options.run / "results.json"
    check_place(results_file.with_suffix(".html"))
    now = datetime.now(UTC)
    before = champion_of(options.registry / options.name) if _NAME.fullmatch(options.name) else None
    decision = promote(options.run, options.name, options.registry, results_file, _tools(settings), now=now)
    say(show(results_file, results_file.with_suffix(".html")))
    if isinstance(decision, Hold):
        say(f"{options.name} stays as it is; {options.run} is held:")
        for reason in decision.reasons:
            say(f"  {reason}")
        return 1
    instead = f", and was {before}" if before else ""
    say(f"{options.name} is now {options.registry / options.name / decision.adapter_digest}{instead}")
    say(f"the next adapter is compared with it: python -m train promote RUN --name {options.name}")
    return 0


def _tools(settings: Settings) -> Tools:
    """The real gate with these settings."""
    from suite import gate
    from suite.engine import identify
    from suite.lanes.budget import most_replies
    from suite.lanes.loading import load_contracts
    from suite.results import file as results

    contracts = load_contracts(Path(settings.contracts) if settings.contracts else None)

    def run_gate(run: Path, champion: Path | None) -> Results:
        progress = Replies(sys.stderr)
        progress.begin(f"gating {run}, fewer where the case is clear", most_replies(contracts, settings.budget))
        serving = identify_champion(champion, settings) if champion else None
        return gate(run, champion=serving, contracts=contracts, progress=progress.show, **settings.of_the_gate)

    return Tools(
        gate=run_gate,
        digest=lambda run: identify(run, settings.base, settings.format).identity.adapter_digest,
        write_results=results.write,
    )


def identify_champion(champion: Path, settings: Settings) -> Target:
    """The champion, ready to be asked; raises UserError if it cannot be asked any more, as when its base changed."""
    from suite.engine import identify

    try:
        return identify(champion, settings.base, settings.format)
    except UserError as error:
        hint = f"delete {champion.parent / 'current.json'} to promote without a comparison"
        raise UserError(f"the champion: {error.where}", error.problem, allowed=error.allowed, hint=hint) from error
