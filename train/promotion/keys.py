"""The key that signs promotions, and the keys that are trusted: ed25519, in files, without a server.

FOLDER/key.pem          the private key; only its owner may read it
FOLDER/key.pub.json     the public one, to hand out
FOLDER/trusted/*.json   public keys of others that are trusted too

FOLDER is $CALLPROOF_KEYS, or callproof/ in $XDG_CONFIG_HOME, or ~/.config/callproof.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fixtures.errors import UserError
from fixtures.files import write_text
from fixtures.reading.strict import read_file, read_json

if TYPE_CHECKING:
    from securesystemslib.signer import CryptoSigner, Key

FOLDER = "CALLPROOF_KEYS"
PRIVATE, PUBLIC, TRUSTED = "key.pem", "key.pub.json", "trusted"
SHOWN = 12
"""Characters of a key's id that a person is shown."""
_LARGEST_KEY_BYTES = 2**16


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures count; with `unsigned`, what bears none at all is taken too."""

    keys: tuple[Key, ...] = ()
    unsigned: bool = False


def folder() -> Path:
    """Where keys are kept on this machine."""
    if named := os.environ.get(FOLDER):
        return Path(named)
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "callproof"


def read_signer(home: Path) -> CryptoSigner | None:
    """The signer with the private key in this folder, None if there is none; UserError if others may read it."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from securesystemslib.signer import CryptoSigner

    file = home / PRIVATE
    if not file.exists():
        return None
    content = read_file(file, limit=_LARGEST_KEY_BYTES)
    if file.stat().st_mode & 0o077:
        problem = "others than its owner may read or write this private key"
        raise UserError(str(file), problem, hint=f"chmod 600 {file}; make a new one if others may have read it")
    try:
        key = load_pem_private_key(content, None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(str(file), "this is no ed25519 private key", allowed="PEM, PKCS #8, without a password")
    return CryptoSigner(key)


def make_signer(home: Path) -> CryptoSigner:
    """A new key in this folder, or the one that another process has put there meanwhile."""
    from securesystemslib.signer import CryptoSigner

    file = home / PRIVATE
    partial = file.with_name(f".{PRIVATE}.{secrets.token_hex(4)}.partial")
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(CryptoSigner.generate_ed25519().private_bytes)
        try:
            with suppress(FileExistsError):
                os.link(partial, file)  # unlike a rename, it never takes the place of a key that is there
        finally:
            partial.unlink()
    except OSError as error:
        hint = f"name a folder that can be written to in ${FOLDER}, or promote with --unsigned"
        raise UserError(str(home), f"no key can be kept here: {error.strerror}", hint=hint) from None
    signer = read_signer(home)
    assert signer is not None, "it was put there just now"
    write_public(home, signer)
    return signer


def write_public(home: Path, signer: CryptoSigner) -> None:
    """Put the public key beside the private one, to hand out."""
    write_text(home / PUBLIC, public_text(signer.public_key))


def public_text(key: Key) -> str:
    """A public key as it is handed out."""
    return json.dumps({"keyid": key.keyid, **key.to_dict()}, indent=2) + "\n"


def read_public(file: Path) -> Key:
    """The public key in a file; UserError for anything else."""
    from securesystemslib.signer import SSlibKey

    document: Any = read_json(file, limit=_LARGEST_KEY_BYTES)
    allowed = f"what `python -m train key` keeps as {PUBLIC}"
    try:
        said = document.pop("keyid")
        key = SSlibKey.from_dict(str(said), document)
        same = key.scheme == "ed25519" and len(bytes.fromhex(key.keyval["public"])) == 32
    except (AttributeError, KeyError, TypeError, ValueError):
        same = False
    if not same:
        raise UserError(str(file), "this is no public ed25519 key", allowed=allowed)
    return key


def trust(home: Path, *, key: Path | None = None, unsigned: bool = False) -> Trust:
    """The keys that count: only that in the file `key` if one is given, else one's own and those in `trusted`."""
    if key is not None:
        return Trust((read_public(key),), unsigned)
    own = read_signer(home)
    others = [read_public(file) for file in sorted((home / TRUSTED).glob("*.json"))]
    return Trust((*([own.public_key] if own else []), *others), unsigned)


def add_trusted(home: Path, file: Path) -> Key:
    """Trust the public key in a file from now on."""
    key = read_public(file)
    write_text(home / TRUSTED / f"{key.keyid[:16]}.json", public_text(key))
    return key
