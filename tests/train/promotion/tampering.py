"""Ways to tamper with a registry, each with the message that it gets: what docs/promotion.md has a table of.

Run as a module, it prints that table.
"""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.train.promotion.bench import Bench
from train.promotion import keys
from train.promotion.envelope import EVENT, STATEMENT, seal

CHANGED = "this file was changed after it was promoted"
LINK = "this is a link, and links lead out of the"
NO_FIT = "its signature does not fit: it was changed after it was signed"
STRANGER = "which is not trusted here"
ANOTHER = "this is the record of another promotion than the alias means"
SIGNED = "is what was signed"


@dataclass(frozen=True)
class Tampering:
    """What is done to a registry with two promotions, the second of which serves, and what is said of it."""

    what: str
    do: Callable[[Bench], object]
    message: str


def edit(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def flip(name: str) -> Callable[[Bench], None]:
    def do(bench: Bench) -> None:
        file = bench.serving / name
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(bytes(content))

    return do


def payload(sealed: Any) -> Any:
    return json.loads(base64.b64decode(sealed["payload"]))


def stranger(bench: Bench) -> Any:
    return keys.make_signer(bench.folder / "stranger")


def record(change: Callable[[Any], object]) -> Callable[[Bench], None]:
    return lambda bench: edit(bench.serving / "promotion.json", change)


def change_payload(sealed: Any) -> None:
    said = payload(sealed)
    said["predicate"]["callproof"]["base"]["name"] = "another"
    sealed["payload"] = base64.b64encode(json.dumps(said).encode()).decode()


def change_signature(sealed: Any) -> None:
    signature = bytearray(base64.b64decode(sealed["signatures"][0]["sig"]))
    signature[0] ^= 1
    sealed["signatures"][0]["sig"] = base64.b64encode(bytes(signature)).decode()


def sign_again(bench: Bench, change: Callable[[Any], object] = lambda said: None, signer: Any = None) -> None:
    file = bench.serving / "promotion.json"
    said = payload(json.loads(file.read_text()))
    change(said)
    file.write_text(json.dumps(seal(said, STATEMENT, signer or keys.read_signer(bench.home))))


def lead_out(said: Any) -> None:
    said["subject"][0]["name"] = "../../outside"


def alias(**fields: Any) -> Callable[[Bench], None]:
    return lambda bench: edit(bench.shelf / "current.json", lambda document: document.update(fields))


def put_back(bench: Bench, *, whole: bool) -> None:
    """The alias, or what it says in plain words, as it was after the first promotion."""
    first = json.loads((bench.shelf / "history" / "000001.json").read_text())
    said = payload(first)
    plain = {"adapter": said["release"], "adapter_digest": said["adapter_digest"], "promoted": said["time"]}
    plain |= {"results": f"{said['release']}/results.json", "sequence": 1}
    alias(**plain, **({"event": first} if whole else {}))(bench)


def first_release(bench: Bench) -> Path:
    return bench.shelf / str(payload(json.loads((bench.shelf / "history" / "000001.json").read_text()))["release"])


def elsewhere(bench: Bench, path: Path) -> None:
    """The same content, somewhere else, with a link to it."""
    moved = path.rename(bench.folder / f"moved-{path.name}")
    path.symlink_to(moved)


def other_name(bench: Bench) -> None:
    bench.promote("other")
    shutil.copy(bench.shelf.parent / "other" / "current.json", bench.shelf / "current.json")
    for file in (bench.shelf / "history").iterdir():
        file.unlink()


def sign_event_again(bench: Bench) -> None:
    said = payload(bench.current()["event"])
    alias(event=seal(said, EVENT, stranger(bench)))(bench)


def held_record(bench: Bench) -> None:
    sign_again(bench, lambda said: said["predicate"].update(result="FAILED"))
    file = bench.serving / "promotion.json"
    alone = bench.folder / "alone"
    shutil.copytree(bench.serving, alone)
    shutil.copy(file, alone / "promotion.json")


def drop_event(bench: Bench) -> None:
    (bench.shelf / "history" / "000001.json").unlink()


TAMPERINGS = [
    Tampering("a byte in the weights", flip("adapter_model.safetensors"), CHANGED),
    Tampering("a byte in the adapter's configuration", flip("adapter_config.json"), CHANGED),
    Tampering("a byte in the tokenizer", flip("tokenizer.json"), CHANGED),
    Tampering("a byte in the chat template", flip("chat_template.jinja"), CHANGED),
    Tampering("an edited calibrator", flip("calibrator.json"), CHANGED),
    Tampering("edited results", flip("results.json"), CHANGED),
    Tampering("an edited model card", flip("README.md"), CHANGED),
    Tampering("an edited record", record(change_payload), NO_FIT),
    Tampering("an edited signature", record(change_signature), NO_FIT),
    Tampering("a signature taken off", record(lambda sealed: sealed.update(signatures=[])), "it is not signed"),
    Tampering("a record signed with another key", lambda b: sign_again(b, signer=stranger(b)), STRANGER),
    Tampering("a record signed again with another verdict", held_record, ANOTHER),
    Tampering("a record that leads out of the folder", lambda b: sign_again(b, lead_out), ANOTHER),
    Tampering(
        "the record of an older promotion",
        lambda b: shutil.copy(first_release(b) / "promotion.json", b.serving),
        ANOTHER,
    ),
    Tampering(
        "an older release in the place of the newer",
        lambda b: shutil.copytree(first_release(b), b.serving, dirs_exist_ok=True),
        ANOTHER,
    ),
    Tampering("no record", lambda b: (b.serving / "promotion.json").unlink(), "there is no record of a promotion"),
    Tampering("an alias to `../../x`", alias(adapter="../../x"), SIGNED),
    Tampering("an alias to an absolute path", alias(adapter="/tmp"), SIGNED),
    Tampering("an alias to an older release", lambda b: put_back(b, whole=False), SIGNED),
    Tampering("an edited digest in the alias", alias(adapter_digest="0" * 16), SIGNED),
    Tampering("an older alias put back", lambda b: put_back(b, whole=True), "an older state was put back"),
    Tampering("an alias signed with another key", sign_event_again, STRANGER),
    Tampering("the alias of another name", other_name, "this event is of the name"),
    Tampering("an alias that is no alias", lambda b: (b.shelf / "current.json").write_text("{}"), "cannot be read"),
    Tampering("a dangling alias", lambda b: shutil.rmtree(b.serving), "there is no such folder"),
    Tampering("an alias that is a link", lambda b: elsewhere(b, b.shelf / "current.json"), LINK),
    Tampering("a release that is a link", lambda b: elsewhere(b, b.serving), LINK),
    Tampering("a name that is a link", lambda b: elsewhere(b, b.shelf), LINK),
    Tampering("a file that is a link", lambda b: elsewhere(b, b.serving / "README.md"), LINK),
    Tampering("a file more", lambda b: (b.serving / "adapter_model.bin").write_text("x"), "this file was not promoted"),
    Tampering("a folder more", lambda b: (b.serving / "more").mkdir(), "this is no plain file"),
    Tampering("a file less", lambda b: (b.serving / "tokenizer.json").unlink(), "this file is missing"),
    Tampering("an event taken out of the history", drop_event, "the history has a gap"),
    Tampering(
        "an edited event in the history",
        lambda b: edit(b.shelf / "history" / "000001.json", change_signature),
        NO_FIT,
    ),
]


def table() -> str:
    """The rows of docs/promotion.md."""
    rows = [f"| {one.what} | {one.message.rstrip('.')} ... |" for one in TAMPERINGS]
    return "\n".join(["| what was done | what is said |", "| --- | --- |", *rows])


if __name__ == "__main__":
    import sys

    sys.stdout.write(table() + "\n")
