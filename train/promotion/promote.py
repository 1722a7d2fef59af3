"""`python -m train promote RUN --name NAME`: gate an adapter and, only if it passes, make it the one of that name.

It gates by itself and trusts no results file. The shelf of the name is held by one process from before the champion is
read until the alias has moved; the other modules of this room say what lies where (shelf) and what is signed (record).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fixtures.errors import UserError
from fixtures.formats.served import served_template
from fixtures.printing import printable
from fixtures.progress import Replies
from fixtures.reading.strict import read_json
from suite.engine.target.folders import MANIFEST, TEMPLATE, TOKENIZER, adapter_folder
from suite.outcome import Results
from suite.results import file as results_files
from train.gate_options import add_gate, gate_settings
from train.promotion import keys
from train.promotion.applying import Beside, Made, Tools, place_held, place_release
from train.promotion.decision import Decision, Promote, decide
from train.promotion.events import Event, append, read_events
from train.promotion.keys import SHOWN, Trust
from train.promotion.policy import bars_of, riskier, weaker
from train.promotion.record import Facts
from train.promotion.shelf import WAIT_SECONDS, Shelf
from train.promotion.verify import Verified, check_not_revoked, verify_release
from train.screen import say

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

    from suite.engine.target.identify import Target
    from suite.settings import Settings

ABOUT = "gate an adapter and move the registry's alias to it if it passes"
_OF_THE_GATE = ("catalog", "made_up", "seed", "budget", "contracts", "leave_out_unaskable", "dtype", "results")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be promoted, and how; without a `signer`, unsigned."""

    run: Path
    shelf: Shelf
    results_file: Path
    signer: CryptoSigner | None
    trust: Trust
    because: str = ""
    expires_days: int | None = None
    wait: float = WAIT_SECONDS
    tell: Callable[[str], None] = say


@dataclass(frozen=True, slots=True)
class Promoted:
    """What came of it: the decision, where the adapter lies now, and what served before."""

    decision: Decision
    made: Made
    before: Path | None


def promote(order: Order, tools: Tools, *, now: datetime) -> Promoted:
    """Gate, write the results, decide, and do what was decided; raises UserError if the adapter changed meanwhile."""
    run, shelf = order.run, order.shelf
    tools.digest(run)  # what is no adapter makes no shelf
    with shelf.held_alone(order.wait, order.tell):
        events = read_events(shelf, order.trust)
        last = _last(shelf, events, order.trust)
        champion = last.folder if last and shelf.alias.exists() and _may_serve(shelf, events) else None
        before = tools.digest(run)
        results = tools.gate(run, champion)
        tools.write_results(results, order.results_file)
        if results.identity.adapter_digest != before or tools.digest(run) != before:
            problem = "the adapter changed while the gate ran"
            raise UserError(str(run), problem, hint="promote it again when it is at rest")
        revoked = events[-1].revoked.get(before, "") if events else ""
        weakened = weakened_since(last, results, compared=champion is not None)
        decision = decide(results, weakened=weakened, because=order.because, revoked=revoked)
        facts = _facts(order, tools.beside(run), events, now)
        if not isinstance(decision, Promote):
            made = place_held(run, shelf, results, decision, facts, tools, order.signer)
            return Promoted(decision, made, champion)
        made = place_release(run, shelf, results, decision, facts, tools, order.signer)
        if read_events(shelf, order.trust) != events:
            raise UserError(str(shelf.alias), "the champion changed while the gate ran", hint="promote again")
        append(shelf, events, _event(order, events, decision, made, now), order.signer)
        return Promoted(decision, made, champion)


def _last(shelf: Shelf, events: Sequence[Event], trust: Trust) -> Verified | None:
    """The last promotion, checked, expired and revoked ones too; None if there is none.

    Where the alias was deleted, as one may, nothing serves: what is left of the last one says at which bars it was.
    """
    if not events:
        return None
    try:
        return verify_release(shelf, events[-1], trust)
    except UserError as error:
        if not shelf.alias.exists():
            return None
        hint = (
            f"python -m train rollback {shelf.name} --because TEXT, or delete {shelf.alias} to promote without a "
            "comparison"
        )
        raise UserError(f"the champion: {error.where}", error.problem, allowed=error.allowed, hint=hint) from None


def _may_serve(shelf: Shelf, events: Sequence[Event]) -> bool:
    """Whether the newest release was not revoked; one that was is nothing to be compared with."""
    try:
        check_not_revoked(events[-1], events[-1].adapter_digest, str(shelf.alias))
    except UserError:
        return False
    return True


def weakened_since(last: Verified | None, results: Results, *, compared: bool) -> tuple[str, ...]:
    """What the gate lets through now and did not at the last promotion."""
    if last is None:
        return ()
    document = results_files.to_json(results)
    bars = weaker(bars_of(last.said["contracts"]), bars_of(document["contracts"]), compared=compared)
    return (*bars, *riskier(last.said["sampling"]["risks"], document["risks"]))


def _facts(order: Order, beside: Beside, events: Sequence[Event], now: datetime) -> Facts:
    file = adapter_folder(order.run) / MANIFEST
    manifest: Any = read_json(file, own=True) if file.is_file() else {}
    return Facts(
        name=order.shelf.name,
        now=now,
        signed=order.signer is not None,
        because=order.because,
        expires_days=order.expires_days,
        replaces=events[-1].release if events else None,
        manifest=manifest if isinstance(manifest, dict) else {},
        base_revision=beside.base_revision,
        developer=beside.developer,
        stops=beside.stops,
    )


def _event(order: Order, events: Sequence[Event], decision: Promote, made: Made, now: datetime) -> Event:
    return Event(
        name=order.shelf.name,
        sequence=len(events) + 1,
        previous=events[-1].digest if events else "",
        kind="promote",
        release=made.folder.name,
        record=made.record,
        adapter_digest=decision.adapter_digest,
        time=now.isoformat(timespec="seconds"),
        because=order.because,
        revoked=events[-1].revoked if events else {},
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of the command line; those of the gate mean what they mean to `pytest --adapter`."""
    parser.add_argument("run", type=Path, metavar="RUN", help="a run folder, or an adapter's own")
    parser.add_argument("--name", required=True, help="the name under which the adapter is to serve")
    add_shelf(parser)
    parser.add_argument("--unsigned", action="store_true", help="sign nothing; the record says so")
    parser.add_argument(
        "--because", default="", metavar="TEXT", help="why, for the record; lets a weaker policy through"
    )
    parser.add_argument("--expires", type=int, metavar="DAYS", help="refuse to load it after so many days")
    add_gate(parser, *_OF_THE_GATE)


def add_shelf(parser: argparse.ArgumentParser) -> None:
    """Where names live, and how long to wait for who changes one."""
    parser.add_argument("--registry", type=Path, default=Path("registry"), help="where names live (default: registry)")
    parser.add_argument(
        "--wait", type=float, default=WAIT_SECONDS, metavar="SECONDS",
        help="for another process that changes the name (default: %(default)g)",
    )  # fmt: skip


def signer_of(home: Path, *, unsigned: bool) -> CryptoSigner | None:
    """The signer of this machine, made at its first use; None for what is not to be signed."""
    if unsigned:
        return None
    if found := keys.read_signer(home):
        return found
    made = keys.make_signer(home)
    say(f"promotions are signed with a new key, {made.public_key.keyid[:SHOWN]}: {home / keys.PRIVATE}")
    return made


def main(options: argparse.Namespace) -> int:
    """Run the command; 0 if the adapter was promoted, 1 with the reasons if not."""
    from reports.__main__ import show
    from reports.markup import check_place

    settings = gate_settings(options, *_OF_THE_GATE)
    results_file = Path(settings.results) if settings.results else options.run / "results.json"
    check_place(results_file.with_suffix(".html"))
    if options.expires is not None and not 0 < options.expires <= 36_500:
        raise UserError("--expires", f"{options.expires} is out of range", allowed="1 to 36500 days")
    shelf, home = Shelf(options.registry, options.name), keys.folder()
    tools = tools_of(settings)
    tools.digest(options.run)
    signer = signer_of(home, unsigned=options.unsigned)
    order = Order(
        options.run, shelf, results_file, signer, keys.trust(home, unsigned=options.unsigned),
        because=printable(options.because).strip(), expires_days=options.expires, wait=options.wait,
    )  # fmt: skip
    done = promote(order, tools, now=datetime.now(UTC))
    say(show(results_file, results_file.with_suffix(".html")))
    if not isinstance(done.decision, Promote):
        say(f"{options.name} stays as it is; {options.run} is held:")
        for reason in done.decision.reasons:
            say(f"  {reason}")
        if any(reason.startswith("the policy is weaker") for reason in done.decision.reasons):
            say("a weaker policy goes through with --because TEXT, which the record keeps")
        say(f"it is kept with its results: python -m train repair {done.made.folder} --out FOLDER")
        return 1
    instead = f", and was {done.before}" if done.before else ""
    say(f"{options.name} is now {done.made.folder}{instead}")
    where = "" if options.registry == Path("registry") else f" --registry {options.registry}"
    unsigned = " --unsigned" * options.unsigned
    say(f"check it wherever it is loaded: python -m train verify {options.name}{where}{unsigned}")
    say(f"the next adapter is compared with it: python -m train promote RUN --name {options.name}{where}")
    return 0


def tools_of(settings: Settings) -> Tools:
    """The real gate with these settings."""
    from suite import gate
    from suite.engine import identify
    from suite.lanes.budget import most_replies
    from suite.lanes.loading import load_contracts

    contracts = load_contracts(Path(settings.contracts) if settings.contracts else None)

    def run_gate(run: Path, champion: Path | None) -> Results:
        progress = Replies(sys.stderr)
        progress.begin(f"gating {run}, fewer where the case is clear", most_replies(contracts, settings.budget))
        serving = identify_champion(champion, settings) if champion else None
        return gate(run, champion=serving, contracts=contracts, progress=progress.show, **settings.of_the_gate)

    return Tools(
        gate=run_gate,
        digest=lambda run: identify(run, settings.base, settings.format, given=settings.given).identity.adapter_digest,
        write_results=results_files.write,
        beside=lambda run: beside_of(identify(run, settings.base, settings.format, given=settings.given)),
    )


def beside_of(target: Target) -> Beside:
    """The tokenizer of the base, for an adapter without one of its own, and the template of its format."""
    place, form = target.base.path, target.format
    own = target.own_tokenizer is not None
    files = {name: (place / name).read_bytes() for name in TOKENIZER if not own and (place / name).is_file()}
    revision = place.name if place.parent.name == "snapshots" else ""
    return Beside({**files, TEMPLATE: served_template(form).encode()}, revision, form.developer, form.stops)


def identify_champion(champion: Path, settings: Settings) -> Target:
    """The champion, ready to be asked; raises UserError if it cannot be asked any more, as when its base changed."""
    from suite.engine import identify

    try:
        return identify(champion, settings.base, settings.format)
    except UserError as error:
        hint = f"delete {champion.parent / 'current.json'} to promote without a comparison"
        raise UserError(f"the champion: {error.where}", error.problem, allowed=error.allowed, hint=hint) from error
