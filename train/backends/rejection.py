"""`python -m train rejection --from RUN`: sample, keep what satisfies the contracts, fine-tune on it, and again.

In each round the adapter answers every request `k` times; the replies that keep all contracts (the gate's own
predicates, asked of the row's label) are deduplicated by what they mean, and the adapter is trained on, by SFT on their
very tokens. A request that was ever answered rightly stays in the training set. After the last round the adapter is
asked once more. Stops when a round was no better than the one before it, and gives the better adapter back.

RUN/rounds/N/sheet.json   what was sampled from the adapter that round N began with, and by which contract it failed
RUN/rounds/N/kept.jsonl   the replies that were kept
RUN/rounds/N/adapter/     the adapter after round N, with its log.jsonl beside it
RUN/rounds.jsonl          all sheets, one a line, once the run is finished

Runs on a CPU. Meant for rows whose labels are right: a reply that differs from its label is not kept.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from fixtures.datasets.rows import write_rows
from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.formats import Format
from fixtures.rows.reading import Row
from suite.engine.target.folders import MANIFEST
from suite.engine.target.identify import Target, identify
from suite.engine.target.kinds import CONFIG, WEIGHTS
from suite.lanes.asking import stable_seed
from suite.reply import Reply
from train.backends.material import Prepared
from train.backends.prepare import finish, gather, open_work
from train.backends.run import Run, manifest, peak_memory, write_cost
from train.backends.serving import beside
from train.backends.start import needs_start
from train.job import Job, Settings, told, with_own
from train.preferences.judging import broken, counts
from train.preferences.pairs import case_of_row, ends_once
from train.preferences.sampling import sample
from train.processes import check_alone
from train.rows.mask import Example, token_ids
from train.rows.pieces import IGNORED
from train.screen import say


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectionSettings:
    """The settings that only rejection sampling has."""

    rounds: int = field(default=2, metadata=told("rounds of sampling and training, at most", 1, 100))
    k: int = field(default=4, metadata=told("replies to each request in a round", 1, 1000))
    temperature: float = field(default=1.0, metadata=told("of the sampled replies", 1e-3, 10))
    requests: int = field(default=0, metadata=told("requests to answer, the file's first; 0 takes all", 0))


# What is learned is what the adapter says already, so it takes little to learn it and a large step only harms.
DEFAULTS = Settings(epochs=1.0, learning_rate=5e-4)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one round sampled: `contracts` has, by name, how many replies keep one and about how many it says anything.

    `solved` counts requests with a kept reply, `gathered` those with one in this round or before.
    """

    round: int
    adapter: str
    replies: int
    accepted: int
    requests: int
    solved: int
    gathered: int
    contracts: Mapping[str, tuple[int, int]]

    def line(self) -> str:
        """The sheet for a person."""
        shares = [f"{name} {held / asked:.0%}" for name, (held, asked) in self.contracts.items() if asked]
        return (
            f"round {self.round}: {self.accepted} of {self.replies} replies accepted, {self.solved} of {self.requests}"
            f" requests answered rightly at least once ({', '.join(shares)})"
        )


Kept = Mapping[int, str]
"""The accepted reply to learn, stop token included, by its row's line."""


def train(job: Job) -> Path:
    """Train the adapter of this job and return its folder."""
    needs_start(job)
    check_alone(job.backend)
    material = gather(with_own(job, RejectionSettings))
    work = open_work(material)
    if not work.run.finished:
        started = time.monotonic()
        best, sheets = go_round(work)
        write_cost(work.run, time.monotonic() - started, peak_memory())
        _finish(work, best, sheets)
    return work.run.adapter


def go_round(work: Prepared) -> tuple[Target, list[Sheet]]:
    """All rounds; the adapter that was accepted most often, and the sheets. What was done before a kill is not redone.

    Raises UserError if there is nothing to learn from.
    """
    own = work.job.own
    assert work.start is not None
    target, sheets, kept = work.start, list[Sheet](), dict[int, str]()
    best = target
    for number in range(1, own.rounds + 2):
        sheet, kept = _sampled(work, target, number, kept)
        say(sheet.line())
        sheets.append(sheet)
        if number > 1 and sheet.accepted <= sheets[-2].accepted:
            say(f"round {number - 1} gained nothing; the adapter before it stays")
            break
        best = target
        if not kept:
            problem = f"none of {sheet.replies} replies keeps the contracts, so there is nothing to learn from"
            raise UserError(f"--from {work.job.start}", problem, hint="an adapter with more SFT, or a larger --k")
        if sheet.accepted == sheet.replies:
            say("every reply is accepted; there is nothing more to gain")
            break
        if number <= own.rounds:
            target = _learn(work, target, number, kept)
    return best, sheets


def _sampled(work: Prepared, target: Target, number: int, before: Kept) -> tuple[Sheet, dict[int, str]]:
    """The sheet of a round and all that is kept so far, from the run folder if it is there already."""
    folder = work.run.folder / "rounds" / str(number)
    sheet, file = folder / "sheet.json", folder / "kept.jsonl"
    if not sheet.is_file():
        own, rows = work.job.own, requested(work)
        prompts = [work.format.render(row.messages[:-1], row.tools, prompt=True).text for row in rows]
        seed = stable_seed("rejection", work.job.settings.seed, number)
        threads = work.job.settings.threads
        tools = [row.tools for row in rows]
        replies = sample(target, prompts, k=own.k, temperature=own.temperature, seed=seed, threads=threads, tools=tools)
        kept = keep(rows, replies, work.format)
        made = sheet_of(number, target.identity.adapter, rows, replies, kept, before)
        folder.mkdir(parents=True, exist_ok=True)
        write_rows(file, ({"line": line, "reply": text} for line, text in kept.items()))
        write_text(sheet, json.dumps(asdict(made), indent=2) + "\n")
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
    found = json.loads(sheet.read_text(encoding="utf-8"))
    found["contracts"] = {name: tuple(counted) for name, counted in found["contracts"].items()}
    return Sheet(**found), {**before, **{entry["line"]: entry["reply"] for entry in lines}}


def requested(work: Prepared) -> tuple[Row, ...]:
    """The rows whose requests are answered."""
    return work.rows[: work.job.own.requests or None]


def keep(rows: Sequence[Row], replies: Sequence[Sequence[Reply]], form: Format) -> dict[int, str]:
    """The good reply to each request that has one, by the row's line: of those that say the same, the likeliest.

    A good reply makes the right calls, so all good replies to a request mean the same.
    """
    kept = {}
    for row, given in zip(rows, replies, strict=True):
        case = case_of_row(row)
        good = [reply for reply in given if ends_once(reply.raw, form) and not broken(case, reply)]
        if good:
            kept[row.line] = max(good, key=lambda reply: (reply.likelihood, reply.raw)).raw
    return kept


def sheet_of(
    number: int, adapter: str, rows: Sequence[Row], replies: Sequence[Sequence[Reply]], kept: Kept, before: Kept
) -> Sheet:
    """What came of one round of sampling."""
    cases = [case_of_row(row) for row in rows]
    judged = [(case, reply) for case, given in zip(cases, replies, strict=True) for reply in given]
    return Sheet(
        round=number,
        adapter=adapter,
        replies=len(judged),
        accepted=sum(not broken(case, reply) for case, reply in judged),
        requests=len(rows),
        solved=len(kept),
        gathered=len({*kept, *before}),
        contracts=counts(judged),
    )


def _learn(work: Prepared, target: Target, number: int, kept: Kept) -> Target:
    """The adapter after SFT on the kept replies, going on from `target`."""
    examples = tuple(_examples(work, kept))
    run = Run(work.run.folder / "rounds" / str(number), work.run.facts)
    part = replace(work, run=run, start=target, examples=examples)
    return identify(finish(part, build).parent, work.base.name, None)


def _examples(work: Prepared, kept: Kept) -> Iterator[Example]:
    """The kept replies behind their prompts, and nothing learned but them."""
    for row in work.rows:
        if row.line in kept:
            prompt = work.format.render(row.messages[:-1], row.tools, prompt=True).text
            asked, said = (token_ids(work.tokenizer, text) for text in (prompt, kept[row.line]))
            yield Example((*asked, *said), (*[IGNORED] * len(asked), *said))


def build(work: Prepared) -> Any:
    """The Trainer over the kept replies."""
    from train.backends.trainer import build as over_examples

    return over_examples(work)


def _finish(work: Prepared, best: Target, sheets: Sequence[Sheet]) -> None:
    """Write the sheets and the log of all rounds, and last the adapter, which makes the run a finished one."""
    rounds = work.run.folder / "rounds"
    write_rows(work.run.folder / "rounds.jsonl", map(asdict, sheets))
    entries: list[dict[str, Any]] = []
    for number in range(1, len(sheets) + 1):
        log = rounds / str(number) / "log.jsonl"
        if log.is_file():
            lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
            steps = len(entries)
            entries += [{**entry, "step": steps + entry["step"], "round": number} for entry in lines]
    write_rows(work.run.log, entries)
    assert best.adapter is not None
    unfinished = work.run.folder / "adapter.partial"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in (CONFIG, WEIGHTS):
        shutil.copyfile(best.adapter / name, unfinished / name)
    write_text(unfinished / MANIFEST, json.dumps(manifest(work.run.facts), indent=2) + "\n")
    for name, content in beside(work.base.path, work.format).items():
        (unfinished / name).write_bytes(content)
    unfinished.rename(work.run.adapter)
