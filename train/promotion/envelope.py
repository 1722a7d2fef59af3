"""Documents in a signed envelope (DSSE, https://github.com/secure-systems-lab/dsse): what is signed are their bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fixtures.errors import UserError
from fixtures.reading.strict import NotJson, parse_strictly
from train.promotion.keys import SHOWN, Trust

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner

STATEMENT = "application/vnd.in-toto+json"
EVENT = "application/vnd.callproof.event+json"


@dataclass(frozen=True, slots=True)
class Opened:
    """A document whose signature counts: the SHA-256 of its bytes, and the id of the key; empty if it has none."""

    document: dict[str, Any]
    digest: str
    key: str


def seal(document: Mapping[str, Any], kind: str, signer: CryptoSigner | None) -> dict[str, Any]:
    """The envelope of a document of this kind, with no signature in it if there is no signer."""
    from securesystemslib.dsse import Envelope

    envelope = Envelope(payload_of(document), kind, {})
    if signer:
        envelope.sign(signer)
    sealed: dict[str, Any] = envelope.to_dict()
    return sealed


def payload_of(document: Mapping[str, Any]) -> bytes:
    """The bytes that are signed, the same ones for the same document."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def digest_of(document: Mapping[str, Any]) -> str:
    """The SHA-256 of the bytes that are signed."""
    return hashlib.sha256(payload_of(document)).hexdigest()


def unseal(sealed: Any, kind: str, trust: Trust, where: str) -> Opened:
    """The document in an envelope of this kind; UserError unless a key that counts has signed it."""
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import VerificationError

    try:
        envelope = Envelope.from_dict(json.loads(json.dumps(sealed)))  # it changes what it is given
    except Exception:  # whatever a damaged one makes of the library
        raise UserError(where, "this is no signed envelope", allowed="what `python -m train promote` wrote") from None
    if envelope.payload_type != kind:
        raise UserError(where, f"it is signed as {envelope.payload_type}, which is something else", allowed=kind)
    accepted: Mapping[str, Any] = {}
    signed = bool(envelope.signatures)
    if not signed and not trust.unsigned:
        hint = "train verify --unsigned, or load_promoted(..., unsigned=True), if nobody but you can write there"
        raise UserError(where, "it is not signed", hint=hint)
    if signed:
        known = {key.keyid for key in trust.keys}
        if not known & set(envelope.signatures):
            ids = ", ".join(key[:SHOWN] for key in envelope.signatures)
            hint = "--key FILE, or python -m train key --trust FILE, with the public key of whoever promotes"
            raise UserError(where, f"it is signed with the key {ids}, which is not trusted here", hint=hint)
        try:
            accepted = envelope.verify(list(trust.keys), 1)
        except VerificationError:
            raise UserError(where, "its signature does not fit: it was changed after it was signed") from None
    document = parse_strictly(envelope.payload)
    if isinstance(document, NotJson) or not isinstance(document, dict):
        raise UserError(where, "what is signed is no JSON object")
    return Opened(document, hashlib.sha256(envelope.payload).hexdigest(), next(iter(accepted), ""))
