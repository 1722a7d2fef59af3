"""A calibrator: from how sure a reply is to how often such replies are right. A value, and the file that holds it.

It lies in the adapter's folder and holds for that adapter, on that base, in that format only: with any other it is
refused. It is no part of the adapter's identity, since it changes no reply.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from fixtures.bases import digest_files
from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.reading.strict import read_json
from suite.calibration.resampling import Floats
from suite.outcome import CalibratorUsed, Identity
from suite.reply import Reply

Method: TypeAlias = Literal["temperature", "isotonic"]
METHODS: tuple[Method, ...] = ("temperature", "isotonic")
CALIBRATOR = "calibrator.json"
VERSION = 1
LEAST_DOUBT = 1e-6
"""Temperatures act on log-odds, which a confidence of 0 or 1 does not have; it is moved in by this much."""
KINDS = ("likelihood", "verbalised")
_DIGESTS = ("adapter_digest", "base_digest", "format_digest")


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A rising map of one figure (`confidence`: likelihood or verbalised), and what it was made from.

    *temperature*: log-odds divided by `temperature`. *isotonic*: straight lines between `points`, pairs of confidence
    and probability, and level outside of them.
    """

    method: Method
    confidence: str
    temperature: float = 1.0
    points: tuple[tuple[float, float], ...] = ()
    identity: Mapping[str, str] = field(default_factory=dict)
    """Content hashes of the adapter, the base and the format, and the names of the last two."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What it was fitted on: split, seed, rows, catalogs with their hashes, how many were right."""
    libraries: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""
    """The hash of the file that it was read from."""

    def __call__(self, confidence: Sequence[float]) -> list[float]:
        """The probabilities, between 0 and 1, for these confidences."""
        if self.method == "isotonic":
            known, mapped = zip(*self.points, strict=True)
            return [float(p) for p in np.interp(confidence, known, mapped)]
        odds = log_odds(np.asarray(confidence, dtype=np.float64))
        return [float(p) for p in 1 / (1 + np.exp(-odds / self.temperature))]

    def of(self, reply: Reply) -> float | None:
        """The probability that this reply is right; None if it lacks the figure that is mapped."""
        sure = reply.confidence.get(self.confidence)
        return None if sure is None else self([sure])[0]

    @property
    def used(self) -> CalibratorUsed:
        """What results say of it."""
        return CalibratorUsed(self.method, self.confidence, self.digest)

    def write(self, folder: Path) -> Path:
        """Put it into the adapter's folder; UserError if that cannot be written to."""
        document = {"version": VERSION, **asdict(self)}
        del document["digest"]
        write_text(folder / CALIBRATOR, json.dumps(document, indent=2) + "\n")
        return folder / CALIBRATOR


def log_odds(confidence: Floats) -> Floats:
    """The natural logarithm of confidence against doubt."""
    inside = np.clip(confidence, LEAST_DOUBT, 1 - LEAST_DOUBT)
    odds: Floats = np.log(inside / (1 - inside))
    return odds


def read_calibrator(folder: Path, identity: Identity) -> Calibrator | None:
    """The calibrator in an adapter's folder, None if there is none.

    UserError if it cannot be read, or was fitted for another adapter, base or format than `identity`.
    """
    file = folder / CALIBRATOR
    if not file.exists():
        return None
    try:
        document = read_json(file)
    except UserError as error:
        raise UserError(error.where, error.problem, allowed=error.allowed, hint=_anew(folder, file)) from None
    try:
        found = _from_json(document, digest_files([file]))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        problem = f"it is no calibrator of version {VERSION}: {type(error).__name__}: {error}"
        raise UserError(str(file), problem, hint=_anew(folder, file)) from None
    for name in _DIGESTS:
        wanted = getattr(identity, name)
        if found.identity[name] != wanted:
            what = name.removesuffix("_digest")
            problem = f"it was fitted for the {what} with hash {found.identity[name]}; this one has {wanted}"
            raise UserError(f"{file} {name}", problem, hint=_anew(folder, file))
    return found


def _anew(folder: Path, file: Path) -> str:
    return f"python -m train calibrate {folder}, or delete {file}"


def _from_json(document: Any, digest: str) -> Calibrator:
    """ValueError, KeyError or TypeError for what `write` cannot have written."""
    if document["version"] != VERSION:
        raise ValueError(f"its version is {document['version']!r}")
    rest = {key: value for key, value in document.items() if key != "version"}
    points = tuple((float(a), float(b)) for a, b in rest.pop("points"))
    found = Calibrator(**rest | {"temperature": float(rest["temperature"])}, points=points, digest=digest)
    if found.method not in METHODS or found.confidence not in KINDS:
        raise ValueError(f"it is {found.method!r} of {found.confidence!r}")
    if not 0 < found.temperature < np.inf or (found.method == "isotonic" and not points):
        raise ValueError("its parameters map nothing")
    for column in zip(*points, strict=True):
        if list(column) != sorted(column) or not 0 <= column[0] <= column[-1] <= 1:
            raise ValueError("its points do not rise from 0 to 1")
    if not all(isinstance(found.identity[name], str) for name in _DIGESTS):
        raise ValueError("it does not say what it was fitted for")
    return found
