"""What a decision does to the registry: a promoted folder and the alias, or a held one. Every step may be its last."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from fixtures.bases import digest_files
from fixtures.errors import UserError
from fixtures.files import write_text
from suite.calibration import CALIBRATOR
from suite.engine.target.folders import MANIFEST, TEMPLATE, TOKENIZER, adapter_folder
from suite.engine.target.kinds import CONFIG, WEIGHTS
from suite.outcome import Results
from train.promotion.card import card_of
from train.promotion.decision import Decision, Hold, Promote
from train.promotion.envelope import STATEMENT, digest_of, seal
from train.promotion.keys import Trust
from train.promotion.record import Facts, statement_of
from train.promotion.shelf import CARD, HELD, RECORD, RESULTS, Shelf
from train.promotion.verify import sha256, verify_folder

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

OF_AN_ADAPTER = (CONFIG, WEIGHTS, MANIFEST, CALIBRATOR, *TOKENIZER, TEMPLATE)
"""What is copied of it; without a template of its own, it gets that of the format that it was gated in."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a server needs beside an adapter, where its own folder has none: the base's tokenizer, the template."""

    files: Mapping[str, bytes] = field(default_factory=dict)
    base_revision: str = ""
    developer: str = ""
    """What the format says to the model before everything else."""
    stops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tools:
    """What promotion needs of the other rooms; tests put scripted ones in their place."""

    gate: Callable[[Path, Path | None], Results]
    """Runs the contracts against an adapter's folder, compared with the champion's if there is one."""
    digest: Callable[[Path], str]
    """The content hash of an adapter's folder."""
    write_results: Callable[[Results, Path], None]
    beside: Callable[[Path], Beside] = lambda run: Beside()


@dataclass(frozen=True, slots=True)
class Made:
    """A folder on the shelf, and the SHA-256 of its record."""

    folder: Path
    record: str


def place_release(
    run: Path, shelf: Shelf, results: Results, decision: Promote, facts: Facts, tools: Tools,
    signer: CryptoSigner | None,
) -> Made:  # fmt: skip
    """Copy the adapter, with all that serves with it, into a folder of its own; UserError if it is not what was gated.

    Nobody is led there yet.
    """
    staged = shelf.staging()
    _copy_adapter(adapter_folder(run), staged)
    copied = digest_files([staged / CALIBRATOR]) if (staged / CALIBRATOR).is_file() else ""
    for name, content in tools.beside(run).files.items():
        if not (staged / name).exists():
            (staged / name).write_bytes(content)
    tools.write_results(results, staged / RESULTS)
    write_text(staged / CARD, card_of(results, facts))
    if tools.digest(staged) != decision.adapter_digest or copied != decision.calibrator_digest:
        shutil.rmtree(staged)
        problem = "the adapter or its calibrator changed while it was copied"
        raise UserError(str(run), problem, hint="promote it again when it is at rest")
    record = _write_record(staged, staged, results, decision, facts, signer)
    place = shelf.release(record[:16])
    if place.exists() and not _whole(place, signer):
        shutil.rmtree(place)
    if place.exists():
        shutil.rmtree(staged)
    else:
        os.rename(staged, place)
    return Made(place, record)


def place_held(
    run: Path, shelf: Shelf, results: Results, decision: Hold, facts: Facts, tools: Tools, signer: CryptoSigner | None
) -> Made:
    """Keep a challenger that was held with what was found, as a run folder that `train repair` takes."""
    staged = shelf.staging()
    (staged / "adapter").mkdir()
    _copy_adapter(adapter_folder(run), staged / "adapter")
    tools.write_results(results, staged / RESULTS)
    record = _write_record(staged, staged / "adapter", results, decision, facts, signer)
    place = shelf.path / HELD / results.identity.adapter_digest
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(exist_ok=True)
    os.rename(staged, place)
    return Made(place, record)


def _copy_adapter(source: Path, place: Path) -> None:
    for file in OF_AN_ADAPTER:
        if (source / file).is_file():
            shutil.copyfile(source / file, place / file)


def _write_record(
    place: Path, subjects: Path, results: Results, decision: Decision, facts: Facts, signer: CryptoSigner | None
) -> str:
    """Sign for every file in the folder `subjects`, in the last file of `place`; returns the SHA-256 of the record."""
    hashes = {file.name: sha256(file) for file in subjects.iterdir()}
    statement = statement_of(results, decision, hashes, facts)
    write_text(place / RECORD, json.dumps(seal(statement, STATEMENT, signer), indent=2) + "\n")
    return digest_of(statement)


def _whole(place: Path, signer: CryptoSigner | None) -> bool:
    """Whether a folder of this very record is there already, and nothing happened to it."""
    try:
        verify_folder(place, Trust((signer.public_key,) if signer else (), unsigned=signer is None))
    except UserError:
        return False
    return True
