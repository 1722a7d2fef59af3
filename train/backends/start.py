"""The adapter that a run goes on from: `--from RUN`, found, checked against the job, and told in settings.json."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fixtures.errors import UserError
from fixtures.formats.found.record import DIGEST
from fixtures.reading.strict import read_json
from suite.engine.target.folders import MANIFEST
from suite.engine.target.identify import Target, identify
from suite.engine.target.kinds import CONFIG
from suite.engine.target.recorded import FOUND
from suite.engine.target.template import AUTO
from train.job import ALL_LINEAR, Job, Settings


def find_start(job: Job) -> Target | None:
    """The base, format and folder of the adapter to go on from; None without one.

    Raises UserError if there is no whole adapter for the job's base there, or if the job asks for another format.
    """
    if job.start is None:
        return None
    try:
        target = identify(job.start, job.base, job.format, given=job.given)
    except UserError as error:
        where = error.where.replace("--adapter", "--from", 1)
        hint = error.hint.replace("--adapter", "--from", 1)
        raise UserError(where, error.problem, allowed=error.allowed, hint=hint) from None
    if target.own_tokenizer:
        problem = "it has a tokenizer of its own, and training goes on with the base's"
        raise UserError(f"--from {job.start}", problem, hint="train a new adapter from the base, without --from")
    manifest = _read(target, MANIFEST)
    spoken = manifest.get("format", target.format.name)
    if spoken != target.format.name:
        raise UserError(
            f"--format {target.format.name}", f"the adapter in {job.start} speaks {spoken}", hint=f"--format {spoken}"
        )
    if FOUND in manifest and manifest[FOUND].get(DIGEST) != target.format.digest:
        problem = f"the adapter in {job.start} was trained with another template, or the same one otherwise given"
        raise UserError(f"--format {AUTO}", problem, hint="leave --chat-template, --template-kwargs and --system out")
    return target


def needs_start(job: Job) -> None:
    """Raise UserError for a backend that cannot begin at the base."""
    if job.start is None:
        raise UserError(
            "--from",
            f"{job.backend} betters an adapter that there is, and none was given",
            hint=f"python -m train sft --data {job.data} --out RUN, and then --from RUN",
        )


def lora_of(target: Target, settings: Settings) -> Settings:
    """The settings with the shape of the adapter's LoRA; raises UserError for a shape that was asked for otherwise."""
    config, default = _read(target, CONFIG), Settings()
    modules = config["target_modules"]
    shape: dict[str, Any] = {
        "lora_r": config["r"],
        "lora_alpha": config["lora_alpha"],
        "target_modules": (modules,) if isinstance(modules, str) else tuple(sorted(modules)),
    }
    for name, has in shape.items():
        asked = getattr(settings, name)
        wanted = tuple(sorted(asked)) if isinstance(asked, tuple) else asked
        if wanted not in (has, getattr(default, name), (ALL_LINEAR,)):
            option = "--" + name.replace("_", "-")
            raise UserError(
                option, f"{asked} was asked for, but the adapter to go on from has {has}", hint="leave it out"
            )
    return replace(settings, **shape)


def told(target: Target | None) -> dict[str, str] | None:
    """What settings.json and the manifest say of the start."""
    return {"adapter": target.identity.adapter, "digest": target.identity.adapter_digest} if target else None


def _read(target: Target, name: str) -> dict[str, Any]:
    file = target.adapter / name if target.adapter else None
    found: dict[str, Any] = read_json(file) if file and file.exists() else {}
    return found
