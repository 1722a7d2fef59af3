"""A preview as a person reads it, and as programs do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from suite.preview.looking import CatalogPreview, Preview, Sample, ToolPreview, counted
from suite.results.languages import LANGUAGES, aside_texts, examples_heading
from suite.results.wording import percent_seen
from suite.settings import Settings

_SHOWN = ("catalog", "examples", "cases", "format", "made_up", "as_deployed", "leave_out_unaskable")
"""The settings that decide what is drawn, as the settings file names them; the seed decides which of it."""


def told(found: Preview, source: str = "") -> str:
    """The whole preview; `source` is the file that settings came from, if there is one."""
    where = f"{source} and " if source else ""
    lines = [f"by {where}the command line: {_settings_text(found.settings)}"]
    if found.examples:
        lines += [f"{text}." for text in (examples_heading(found.examples), *aside_texts(found.examples))]
    if found.own.rows:
        must = f", {len(found.own.must)} of which must hold" if found.own.must else ""
        lines.append(f"Own cases: the {len(found.own.rows)} rows of {', '.join(found.own.files)} word for word{must}.")
    for catalog in found.catalogs:
        lines += ["", *_catalog_lines(catalog, found.settings, bool(found.examples))]
    return "".join(f"{line}\n" for line in lines)


def _settings_text(settings: Settings) -> str:
    told = [f"{name} {_value_text(getattr(settings, name))}" for name in _SHOWN if getattr(settings, name)]
    told += [f"{name} 0" for name in ("made_up", "as_deployed") if not getattr(settings, name)]
    return "; ".join(told)


def _value_text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _catalog_lines(found: CatalogPreview, settings: Settings, shares: bool) -> Iterator[str]:
    by = ", ".join(f"{count} {LANGUAGES[name]}" for name, count in counted(found.tools).items())
    yield f"{found.catalog}: {len(found.tools)} tools are asked for ({by}), {len(found.never)} never"
    yield from found.notes
    if found.idle:
        yield f"{found.idle} of your requests ask for none of them"
    for tool in found.tools:
        yield ""
        yield _tool_text(tool, shares)
        for sample in tool.samples:
            yield from _sample_lines(sample)
    if found.never:
        refused = "" if settings.leave_out_unaskable else " (the gate wants --leave-out-unaskable to go on without)"
        yield from ("", f"never asked for{refused}:", *(f"    {fault}" for fault in found.never))
        yield from (f"    try: {hint}" for hint in dict.fromkeys(fault.hint for fault in found.never if fault.hint))


def _tool_text(tool: ToolPreview, shares: bool) -> str:
    text = f"{tool.tool}: {LANGUAGES[tool.language]}"
    if tool.sentences:
        text += f", {tool.sentences} sentence{'s' * (tool.sentences != 1)}, {tool.slotted} with other values too"
    if shares:
        text += f"; {percent_seen(tool.share)} of the requests on the whole catalog"
    if tool.unsaid:
        text += "; not judged, because nobody says it: "
        text += ", ".join(f"{name} in {count}" for name, count in tool.unsaid.items())
    return text


def _sample_lines(sample: Sample) -> Iterator[str]:
    if sample.sentence and sample.sentence != sample.asked.text:
        yield f"    {_json(sample.sentence)}"
        yield f"      as {_json(sample.asked.text)}"
    else:
        yield f"    {_json(sample.asked.text)}"
    unjudged = f"   (not judged: {', '.join(sample.unjudged)})" if sample.unjudged else ""
    yield f"      -> {_json(dict(sample.asked.call.arguments))}{unjudged}"


def as_json(found: Preview, source: str = "") -> str:
    """The same for programs: `settings`, `examples` and `cases` (null without any), and `catalogs`, each with its
    `tools` and `never_asked`."""
    settings = {name: getattr(found.settings, name) for name in _SHOWN}
    read, own = found.examples, found.own
    examples = read and {
        "files": dict(read.files), "rows": read.rows, "sentences": read.sentences, "slotted": read.slotted,
        "no_call": read.no_call, "aside": dict(read.aside),
    }  # fmt: skip
    cases = {"files": dict(own.files), "rows": len(own.rows), "must": len(own.must)} if own.rows else None
    whole = {
        "settings": {"file": source or None, **settings},
        "examples": examples,
        "cases": cases,
        "catalogs": [_plain(one) for one in found.catalogs],
    }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def _plain(found: CatalogPreview) -> dict[str, Any]:
    tools = [
        {
            "tool": tool.tool,
            "language": tool.language,
            "share": round(tool.share, 4),
            "phrases": list(tool.phrases),
            "sentences": tool.sentences,
            "slotted": tool.slotted,
            "not_judged": dict(tool.unsaid or {}),
            "samples": [_plain_sample(sample) for sample in tool.samples],
        }
        for tool in found.tools
    ]
    never = [{"tool": f.tool, "place": f.place, "reason": f.reason, "hint": f.hint} for f in found.never]
    return {
        "catalog": found.catalog, "tools": tools, "never_asked": never, "no_call": found.idle,
        "notes": list(found.notes),
    }  # fmt: skip


def _plain_sample(sample: Sample) -> dict[str, Any]:
    plain = {"request": sample.asked.text, "arguments": dict(sample.asked.call.arguments)}
    return {
        **plain,
        **({"sentence": sample.sentence} if sample.sentence else {}),
        **({"not_judged": sample.unjudged} if sample.unjudged else {}),
    }


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
