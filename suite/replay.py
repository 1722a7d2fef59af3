"""One counterexample asked again, in seconds: does it still fail, and what of the cases around it?

No verdict comes of it: one case says nothing of how often an adapter keeps a contract. docs/ci.md tells of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fixtures.cores import AUTO, check_dtype
from fixtures.errors import UserError, closest
from fixtures.formats.found import NOTHING, Given
from fixtures.types import Case
from suite.contracts import CONTRACTS
from suite.engine import Engine, identify
from suite.engine.again import again
from suite.exam.scene import Scene
from suite.gating import opened
from suite.judging.contract import Contract
from suite.lanes.asking import MAX_NEW_TOKENS, Asker
from suite.lanes.beside import TAKES, Seconds
from suite.lanes.known import Corpus
from suite.lanes.neighbours import neighbours
from suite.outcome import Broken, Counterexample, Held, Outcome, Results
from suite.reply import Reply
from suite.results import file as results_file
from suite.results.cases import ID_DIGITS, SHORT_ID, case_id
from suite.results.summary import case_rows, labelled

_ID = re.compile(rf"[0-9a-f]{{{SHORT_ID},{ID_DIGITS}}}")
_NAMED = 8
"""IDs that an error tells at most."""
NO_VERDICT = "This is one case, and no verdict: pytest --adapter PATH gives one."


@dataclass(frozen=True, slots=True)
class Found:
    """A counterexample as it is kept: the contract that it breaks, and its case."""

    contract: str
    case: Case

    @property
    def id(self) -> str:
        return case_id(self.case)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of asking it again; `broken_beside` of so many `neighbours` fail too, where these were asked."""

    found: Found
    reply: Reply
    outcome: Outcome
    neighbours: int = 0
    broken_beside: int = 0

    @property
    def fails(self) -> bool:
        return isinstance(self.outcome, Broken)

    @property
    def is_hole(self) -> bool:
        """Whether it fails and stands for many, as `Counterexample.is_hole` says."""
        got = Counterexample(
            self.found.contract, self.found.case, "", "", "", "known", False, "",
            neighbours=self.neighbours, broken_beside=self.broken_beside,
        )  # fmt: skip
        return self.fails and got.is_hole


def replay(
    adapter: Path | str | None,
    wanted: str,
    *,
    around: bool = False,
    results: Path | None = None,
    base: str | None = None,
    catalogs: Sequence[str] = (),
    examples: Sequence[str] = (),
    format: str | None = None,
    given: Given = NOTHING,
    engine: Engine | None = None,
    bare: Engine | None = None,
    contracts: Sequence[Contract] = CONTRACTS,
    cache: Path = Path(".callproof"),
    processes: int | None = None,
    leave_out_unaskable: bool = False,
    dtype: str = AUTO,
) -> tuple[Replayed, ...]:
    """Ask an adapter one counterexample again, and `around` it 24 neighbours; the words are those of `suite.gate`.

    `wanted` is its ID, or its number in the file `results`. A case that breaks several contracts is judged by each.
    Raises UserError for what cannot be found, and for all that a gate would refuse.
    """
    found = find(wanted, cache, results, contracts)
    check_dtype(dtype, "dtype")
    if engine is None:
        place = None if adapter in (None, "none") else Path(str(adapter))
        _, engine, bare = opened(identify(place, base, format, given=given), cache, processes, dtype)
    scene = None
    if around:
        left_out = leave_out_unaskable
        scene = Scene.on(catalogs, form=engine.format, leave_out_unaskable=left_out, examples=examples)
    by_name = {contract.name: contract for contract in contracts}
    asker = Asker(engine, max_new_tokens=MAX_NEW_TOKENS)
    takes = tuple(Asker(again(engine, take), max_new_tokens=MAX_NEW_TOKENS) for take in TAKES)
    seconds = Seconds(takes, Asker(bare, max_new_tokens=MAX_NEW_TOKENS) if bare else None)
    return tuple(_replayed(one, by_name[one.contract], asker, seconds, scene) for one in found)


def _replayed(found: Found, contract: Contract, asker: Asker, seconds: Seconds, scene: Scene | None) -> Replayed:
    (reply,) = _replies(contract, [found.case], asker, seconds)
    outcome = Replayed(found, reply, contract.judge(found.case, reply))
    # Cases that are compared with a variant would have to be varied both alike.
    if scene is None or found.case.variant:
        return outcome
    cases = neighbours(found.case, scene)
    judged = [contract.judge(c, r) for c, r in zip(cases, _replies(contract, cases, asker, seconds), strict=True)]
    return replace(outcome, neighbours=len(cases), broken_beside=sum(isinstance(one, Broken) for one in judged))


def _replies(contract: Contract, cases: Sequence[Case], asker: Asker, seconds: Seconds) -> list[Reply]:
    return seconds.added([(contract, case) for case in cases], asker.ask(cases, "replay"))


def find(wanted: str, cache: Path, results: Path | None, contracts: Sequence[Contract]) -> tuple[Found, ...]:
    """The counterexample of this ID (or of this number in `results`), once for each contract that it breaks.

    It is looked for among those that gates have kept in `cache`, and in the file, if there is one.
    """
    where = f"--replay {wanted}"
    if wanted.isdigit() and len(wanted) < SHORT_ID:
        found = [_numbered(int(wanted), results, where)]
    else:
        found = _called(wanted.lower(), cache, results, where)
    names = sorted(contract.name for contract in contracts)
    for one in found:
        if one.contract not in names:
            problem = f"it breaks the contract {one.contract!r}, which is not among those known here"
            hint = closest(one.contract, names) or "contracts of your own: --contracts DIR"
            raise UserError(where, problem, allowed=", ".join(names), hint=hint)
    return tuple(found)


def _numbered(number: int, results: Path | None, where: str) -> Found:
    if results is None:
        hint = "name it: --results FILE; or take the digits that stand with the counterexample"
        raise UserError(where, "a number is one of a results file, and none is named", hint=hint)
    there = list(_of_file(results_file.read(results)))
    if not 1 <= number <= len(there):
        allowed = f"1 to {len(there)}" if there else ""
        raise UserError(where, f"{results} has no counterexample of this number", allowed=allowed)
    return there[number - 1]


def _called(wanted: str, cache: Path, results: Path | None, where: str) -> list[Found]:
    if not _ID.fullmatch(wanted):
        allowed = f"{SHORT_ID} to {ID_DIGITS} digits (0 to 9, a to f), or its number in --results FILE"
        raise UserError(where, "this is no ID of a counterexample", allowed=allowed)
    corpus = Corpus(cache / "counterexamples")
    in_file = list(_of_file(results_file.read(results))) if results and results.exists() else []
    known = {(contract, case_id(case)): Found(contract, case) for contract, case in corpus.called(wanted)}
    known |= {(one.contract, one.id): one for one in in_file if one.id.startswith(wanted)}
    found = [known[key] for key in sorted(known)]
    ids = sorted({one.id for one in found})
    if len(ids) > 1:
        raise UserError(where, "several counterexamples begin so", allowed=", ".join(ids[:_NAMED]))
    if not found:
        raise _unknown(corpus, in_file, results, where)
    return found


def _unknown(corpus: Corpus, in_file: Sequence[Found], results: Path | None, where: str) -> UserError:
    """That it is not there, with what is."""
    looked = [str(corpus.folder), *([str(results)] if results else [])]
    there = sorted({*(path.stem for path in corpus.folder.glob("*/*.json")), *(one.id for one in in_file)})
    if not there:
        hint = "gate first, or name where a gate kept them: --cache DIR, --results FILE"
        raise UserError(where, f"there is no counterexample in {' or '.join(looked)}", hint=hint)
    more = f", and {len(there) - _NAMED} more" if len(there) > _NAMED else ""
    allowed = ", ".join(one[:SHORT_ID] for one in there[:_NAMED]) + more
    hint = "one that a gate kept elsewhere: --cache DIR, --results FILE"
    return UserError(where, f"no counterexample in {' or '.join(looked)} has this ID", allowed=allowed, hint=hint)


def _of_file(results: Results) -> Iterator[Found]:
    for contract in results.contracts:
        yield from (Found(example.contract, example.case) for example in contract.counterexamples)


def told(replayed: Replayed) -> list[str]:
    """What a person reads of it: what was asked, what came, and whether it still fails."""
    found, reply, outcome = replayed.found, replayed.reply, replayed.outcome
    rows = [*case_rows(found.case), ("reply", reply.raw or "(nothing)")]
    rows += [("compared", reply.other.raw or "(nothing)")] if reply.other else []
    if isinstance(outcome, Broken):
        rows += [("got", outcome.got), ("wanted", outcome.wanted)]
    lines = [f"counterexample {found.id[:SHORT_ID]} of {found.contract}:", *labelled(rows), "", said(replayed)]
    if replayed.neighbours:
        share = f"{replayed.broken_beside} of {replayed.neighbours} cases around it fail"
        lines.append(f"{share}: {_beside(replayed)}")
    return lines


def said(replayed: Replayed) -> str:
    """Whether it still fails, in one line."""
    match replayed.outcome:
        case Broken(got=got, wanted=wanted):
            return f"It still fails: got {' '.join(got.split())}, wanted {' '.join(wanted.split())}."
        case Held():
            return "It no longer fails."
    return "It no longer fails: the contract says nothing of this reply."


def _beside(replayed: Replayed) -> str:
    if not replayed.fails:
        return "a quarter and more would be a hole, if it failed itself."
    return "it is a hole, a quarter and more." if replayed.is_hole else "it is a stray find, less than a quarter."
