"""Which chat template an adapter speaks, where nobody names its format: found in its folder, or in its base's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from fixtures.errors import UserError
from fixtures.formats import FORMATS, Format, load_format
from fixtures.formats.found import Given, Source, find_format
from fixtures.reading.strict import parse_strictly, read_json

AUTO = "auto"
FILES = ("chat_template.jinja", "additional_chat_templates/*")
"""Templates beside a tokenizer, as Transformers saves them; earlier versions put them into tokenizer_config.json."""
_CONFIG = "tokenizer_config.json"
_LARGEST_TOKENIZER_BYTES = 64 * 2**20
_LARGEST_TEMPLATE_BYTES = 2**20
_WITH_TOOLS, _DEFAULT = "tool_use", "default"
"""Of several named templates, Transformers takes the first where tools are given and there is one of that name."""


def found_format(folders: list[Path], given: Given) -> tuple[Format, str] | None:
    """The format of the first of the folders with a template, and who says so; None if none has one.

    Raises UserError if a folder has two that differ, and for every trap of a template (`fixtures.formats.found`).
    """
    where, template = _placed(folders, given)
    if not template:
        return None
    keywords = _keywords(given)
    name = next((name for name in FORMATS if load_format(name).chat_template.strip() == template.strip()), "")
    if name and not given.template_kwargs and given.system is None:
        return load_format(name), f"{where} is its template"
    source = _source(where, template, folders, keywords, given.system or "")
    form = _found(source)
    date = f", today is {form.date}" if form.date else ""
    losses = f", which loses {', '.join(form.losses)}" if form.losses else ""
    return form, f"{form.family} from {where}{date}{losses}"


def template_name(folders: list[Path], given: Given) -> str:
    """Whose template counts, and in which file, without the place of the folder; empty if there is none.

    Of several folders, the first is the adapter's and the last its base's.
    """
    if given.chat_template:
        return f"--chat-template {given.chat_template}"
    where, _ = _placed(folders, given)
    for folder, owner in zip(folders, ("the adapter's", "the base's")[-len(folders) :], strict=True):
        if where.startswith(f"{folder}/"):
            return f"{owner} {where.removeprefix(f'{folder}/')}"
    return where


def _placed(folders: list[Path], given: Given) -> tuple[str, str]:
    """Where the template stands that counts, and its text; both empty if there is none."""
    return _given_template(given) if given.chat_template else _first_template(folders)


@lru_cache(maxsize=8)
def _cached(source: str) -> Format:
    return find_format(Source(**json.loads(source)))


def _found(source: Source) -> Format:
    """The format, looked for once: an adapter and its base are asked for it one after the other."""
    told = {name: getattr(source, name) for name in Source.__dataclass_fields__}
    return _cached(json.dumps(told, sort_keys=True))


def _given_template(given: Given) -> tuple[str, str]:
    file = Path(str(given.chat_template)).expanduser()
    if not file.is_file():
        raise UserError(f"--chat-template {file}", "there is no such file", allowed="a file with a Jinja template")
    return str(file), _read(file)


def _read(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST_TEMPLATE_BYTES:
            raise UserError(
                str(file), "it is too large for a chat template", allowed=f"{_LARGEST_TEMPLATE_BYTES} bytes"
            )
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(str(file), f"it cannot be read: {error}") from None


def _first_template(folders: list[Path]) -> tuple[str, str]:
    for folder in folders:
        where, template = template_in(folder)
        if template:
            return where, template
    return "", ""


def template_in(folder: Path) -> tuple[str, str]:
    """Where the template of a folder stands, and its text; both empty if it has none.

    Raises UserError for two that differ: servers render one of them, and nobody can say which it was trained with.
    """
    files = {path.stem: path for pattern in FILES for path in sorted(folder.glob(pattern)) if path.suffix == ".jinja"}
    if FILES[0].removesuffix(".jinja") in files:
        files[_DEFAULT] = files.pop(FILES[0].removesuffix(".jinja"))
    beside = {name: (str(file), _read(file)) for name, file in files.items()}
    saved = _object(folder / _CONFIG).get("chat_template")
    if isinstance(saved, str):
        saved = [{"name": _DEFAULT, "template": saved}]
    place = f"{folder / _CONFIG} chat_template"
    inside = {
        str(one.get("name")): (place, str(one.get("template")))
        for one in (saved if isinstance(saved, list) else [])
        if isinstance(one, Mapping)
    }
    chosen = [_chosen(named) for named in (beside, inside) if named]
    if len(chosen) == 2 and chosen[0][1].strip() != chosen[1][1].strip():
        problem = f"there are two chat templates that differ: {chosen[0][0]} and {chosen[1][0]}"
        raise UserError(str(folder), problem, hint="--chat-template FILE with the one that it was trained with")
    return chosen[0] if chosen else ("", "")


def _chosen(named: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """The one that is rendered where tools are given."""
    name = next((name for name in (_WITH_TOOLS, _DEFAULT) if name in named), next(iter(named)))
    where, template = named[name]
    return (f"{where} ({name})" if name == _WITH_TOOLS else where), template


def _keywords(given: Given) -> dict[str, Any]:
    if given.template_kwargs is None:
        return {}
    where, allowed = "--template-kwargs", 'a JSON object such as {"enable_thinking": false}'
    keywords = parse_strictly(given.template_kwargs.encode())
    if not isinstance(keywords, dict):
        raise UserError(where, f"{given.template_kwargs!r} is no JSON object", allowed=allowed)
    taken = {"messages", "tools", "add_generation_prompt", "conversations", "chat_template", "documents"} & set(
        keywords
    )
    if taken:
        raise UserError(where, f"{sorted(taken)[0]!r} is given by the gate itself", allowed=allowed)
    return keywords


def _source(where: str, template: str, folders: list[Path], keywords: Mapping[str, Any], system: str) -> Source:
    """The template with the tokens of the first folder that has a tokenizer."""
    folder = next((one for one in folders if (one / _CONFIG).is_file()), folders[0])
    config, tokenizer = _object(folder / _CONFIG), _object(folder / "tokenizer.json", _LARGEST_TOKENIZER_BYTES)
    special = {name: _token(value) for name, value in config.items() if name.endswith("_token") and _token(value)}
    added = [one for one in tokenizer.get("added_tokens") or [] if isinstance(one, Mapping)]
    numbers = _object(folders[-1] / "generation_config.json").get("eos_token_id")
    ids = numbers if isinstance(numbers, list) else [numbers]
    ends = [special.get("eos_token"), *(one.get("content") for one in added if one.get("id") in ids)]
    return Source(
        name=where,
        template=template,
        special_tokens=special,
        control_tokens=[str(one.get("content")) for one in added if one.get("special") and one.get("content")],
        ends=[str(end) for end in dict.fromkeys(ends) if end],
        keywords=keywords,
        system=system,
        response_template=reader if isinstance(reader := config.get("response_template"), dict) else {},
        adds_beginning=bool(config.get("add_bos_token")),
    )


def _token(value: Any) -> str:
    """A token as tokenizer_config.json has it: a text, or an object with one."""
    content = value.get("content") if isinstance(value, Mapping) else value
    return content if isinstance(content, str) else ""


def _object(file: Path, limit: int = 4 * 2**20) -> dict[str, Any]:
    data = read_json(file, limit=limit) if file.is_file() else {}
    return data if isinstance(data, dict) else {}
