"""What is to be gated, as a value, and the refusal of what cannot be; reads files only, loads no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fixtures.bases import Base, digest_files, full_precision, resolve_base
from fixtures.errors import UserError
from fixtures.formats import Format, load_format
from fixtures.formats.found import NOTHING, Given
from fixtures.reading.strict import parse_strictly, read_json
from suite.calibration import Calibrator, read_calibrator
from suite.engine.target.folders import MANIFEST, TOKENIZER, adapter_folder
from suite.engine.target.kinds import CONFIG, WEIGHTS, check_kind, refuse_without_weights
from suite.engine.target.patterns import Patterns
from suite.engine.target.recorded import FOUND, recorded_format
from suite.engine.target.template import AUTO, found_format, template_name
from suite.engine.target.tensors import (
    Shapes,
    base_names,
    base_shapes,
    left_out,
    lora_modules,
    misfit,
    read_shapes,
    rows_of,
    with_rows,
)
from suite.outcome import Identity

_LARGEST_CONFIG_BYTES = 4 * 2**20
"""Of adapter_config.json and callproof.json; a list of every module of a large base has a tenth."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Target:
    """A base, perhaps an adapter for it, and the format it speaks; `identity` is the same as names and hashes.

    `calibrator` lies in the adapter's folder, if it has one, and is no part of the identity: it changes no reply.
    `tokenizer` is the folder of the tokenizer that counts: the adapter's, if it has one of its own, or the base's.
    """

    base: Base
    adapter: Path | None
    format: Format
    identity: Identity
    calibrator: Calibrator | None = None
    base_from: str = "as given"
    """Who says that this is the base: a person, a file of the adapter, or nobody."""
    format_from: str = "as given"
    own_tokenizer: Path | None = None

    @property
    def tokenizer(self) -> Path:
        return self.own_tokenizer or self.base.path

    def in_dtype(self, dtype: str) -> Target:
        """The same, to be computed in this dtype."""
        return replace(self, identity=replace(self.identity, dtype=dtype))

    @property
    def bare(self) -> Target:
        """The same base and format without the adapter."""
        return _target(self.base, None, self.format, "none", "none", self.identity.template)


def identify(
    adapter: Path | None,
    base: str | None,
    format: str | None,
    *,
    calibrated: bool = True,
    download: bool = False,
    given: Given = NOTHING,
) -> Target:
    """The target of a gate; None for `adapter` is the bare base, by default the embedded one.

    What is not given comes from the adapter: base and format from callproof.json, else the base from
    adapter_config.json and the format from the chat template (`auto`) of the folder or of the base, `given` with it;
    functiongemma where there is none. UserError if anything is missing, damaged or does not fit; with
    `calibrated` False, a calibrator in the folder is not looked at. Only with `download` is the network asked for a
    base that is not here.
    """
    if adapter is None:
        found = resolve_base(base or "tiny", download=download)
        form, said, template = _format_of(AUTO if given and not format else format, {}, [found.path], given)
        bare = _target(found, None, form, "none", "none", template)
        return replace(bare, base_from=_said(base, {}), format_from=said)
    folder = adapter_folder(adapter)
    config = _read_object(folder / CONFIG)
    manifest = _read_object(folder / MANIFEST) if (folder / MANIFEST).exists() else {}
    check_kind(folder, config)
    patterns = Patterns(config, str(folder / CONFIG))
    shapes = _read_weights(folder)
    found = _base_of(folder, config, manifest, base, download)
    _check_base(folder, manifest, found)
    tokenizer = _own_tokenizer(folder, found)
    _check_shapes(folder, config, patterns, shapes, found, tokenizer)
    counted = [folder / name for name in TOKENIZER if (folder / name).is_file()] if tokenizer else []
    digest = digest_files([folder / CONFIG, folder / WEIGHTS, *counted])
    asked = format or (AUTO if given or not (folder / MANIFEST).exists() else None)
    form, said, template = _format_of(asked, manifest, [folder, found.path], given, certain=bool(format or given))
    target = _target(found, folder, form, str(adapter), digest, template)
    target = replace(
        target,
        own_tokenizer=tokenizer,
        base_from=_said(base, {MANIFEST: manifest.get("base"), CONFIG: config.get("base_model_name_or_path")}),
        format_from=said,
    )
    return replace(target, calibrator=read_calibrator(folder, target.identity)) if calibrated else target


def _base_of(
    folder: Path, config: Mapping[str, Any], manifest: Mapping[str, Any], base: str | None, download: bool
) -> Base:
    """The base that was asked for, or the one that the adapter's own files name."""
    if base:
        return resolve_base(base, download=download)
    for file, key, said in ((MANIFEST, "base", manifest), (CONFIG, "base_model_name_or_path", config)):
        name = said.get(key)
        if not name:
            continue
        if not isinstance(name, str):
            raise UserError(f"{folder / file} {key}", f"{name!r} is no name of a base", hint="--base NAME")
        return resolve_base(name, f"{folder / file} {key}", download=download)
    raise UserError(f"--adapter {folder}", "it does not say which base it is for", hint="--base NAME")


def _own_tokenizer(folder: Path, base: Base) -> Path | None:
    """The adapter's folder if the tokenizer in it is another than the base's."""
    own, others = folder / TOKENIZER[0], base.path / TOKENIZER[0]
    same = not own.is_file() or digest_files([own]) == digest_files([others])
    return None if same else folder


def _said(given: str | None, files: Mapping[str, Any]) -> str:
    """Who says it: whoever gave it, or else the first of these files that does."""
    file = next((name for name, value in files.items() if value), None)
    return "as given" if given else f"{file} says so" if file else "the default"


def _format_of(
    format: str | None, manifest: Mapping[str, Any], folders: list[Path], given: Given, *, certain: bool = True
) -> tuple[Format, str, str]:
    """The format that was asked for by name, or that a template writes, who says so, and whose template it is.

    Where it is not `certain` that a template is meant, one that nobody has left the default.
    """
    if AUTO not in (format, None if format else manifest.get("format")):
        if given:
            where = "--chat-template, --template-kwargs, --system"
            raise UserError(where, f"a format of its own template was named: {format}", hint=f"--format {AUTO}")
        named = format or str(manifest.get("format", "functiongemma"))
        return load_format(named), _said(format, {MANIFEST: manifest.get("format")}), ""
    if FOUND in manifest and not given:
        return recorded_format(folders[0], manifest[FOUND]), f"{MANIFEST} says so", f"the adapter's {MANIFEST}"
    found = found_format(folders, given)
    if not found and certain:
        places = " and ".join(map(str, folders))
        raise UserError(f"--format {AUTO}", f"no chat template is in {places}", hint="--chat-template FILE")
    if not found:
        return load_format("functiongemma"), "the default", ""
    return *found, template_name(folders, given)


def _target(
    base: Base, folder: Path | None, form: Format, adapter: str, adapter_digest: str, template: str = ""
) -> Target:
    hashes = {"base_digest": base.digest, "adapter_digest": adapter_digest, "format_digest": form.digest}
    identity = Identity(base=base.name, adapter=adapter, format=form.name, template=template, **hashes)
    return Target(base, folder, form, identity)


def _read_object(file: Path) -> dict[str, Any]:
    data = read_json(file, limit=_LARGEST_CONFIG_BYTES)
    if not isinstance(data, dict):
        raise UserError(str(file), f"it holds {type(data).__name__}, not an object")
    return data


def _read_weights(folder: Path) -> dict[str, tuple[int, ...]]:
    """The adapter's shapes; pickled weights are refused because reading them may run code."""
    file = folder / WEIGHTS
    if not file.exists():
        raise refuse_without_weights(folder)
    try:
        return read_shapes(file)
    except (OSError, ValueError) as error:
        raise UserError(str(file), f"it is damaged: {error}", hint="copy or save the adapter again") from None


def _check_base(folder: Path, manifest: Mapping[str, Any], base: Base) -> None:
    recorded = manifest.get("base_digest")
    if recorded and recorded != base.digest:
        raise UserError(
            f"{folder / MANIFEST} base_digest",
            f"the adapter was trained on {manifest.get('base')} with hash {recorded}; {base.name} has {base.digest}",
            hint="--base with the base of that hash, or train the adapter again",
        )


def _check_shapes(
    folder: Path, config: Mapping[str, Any], patterns: Patterns, shapes: Shapes, base: Base, tokenizer: Path | None
) -> None:
    try:
        names = base_names(base.path)
    except (OSError, ValueError) as error:
        raise UserError(f"--base {base.name}", f"weights in {base.path} are damaged: {error}") from None
    weights = base_shapes(names)
    patterns.over(name.removesuffix(".weight") for name in names)
    problem = misfit(
        shapes,
        with_rows(weights, shapes) if tokenizer else weights,
        ranks=patterns.ranks(lora_modules(shapes)),
        transposed=bool(config.get("fan_in_fan_out")),
    )
    if problem:
        problem = f"does not fit the base {base.name}: {problem}"
        extends = not tokenizer and bool(rows_of(shapes))
        raise UserError(str(folder / WEIGHTS), problem, hint=_other_base(config, base, extends=extends))
    if missing := left_out(shapes, names, patterns.asks_for):
        told = ", ".join(missing[:_NAMED]) + (f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else "")
        problem = f"the adapter is not applied: {CONFIG} asks for weights that the file does not have: {told}"
        raise UserError(f"--adapter {folder}", problem, hint="save the adapter again, from its last checkpoint")


def _other_base(config: Mapping[str, Any], base: Base, *, extends: bool) -> str:
    """What to try where an adapter does not fit: in full precision, with its tokenizer, or another base."""
    if whole := full_precision(base.name):
        return f"--base {whole}: the model in full precision, which the 4-bit one was made from"
    settings = parse_strictly((base.path / "config.json").read_bytes())
    if isinstance(settings, dict) and settings.get("quantization_config"):
        return "--base with the model in full precision, which this quantised one was made from"
    if extends:
        return f"put the tokenizer that it was trained with ({TOKENIZER[0]}) beside the adapter"
    if base.name == config.get("base_model_name_or_path"):
        return "this is its own base by name: --base with the version that it was trained on"
    return "--base with its own base"
