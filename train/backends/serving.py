"""What a server needs beside an adapter to render what it was trained on: the tokenizer and the chat template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from fixtures.formats import Format
from fixtures.formats.served import served_template
from suite.engine.target.folders import TEMPLATE, TOKENIZER

_CONFIG = "tokenizer_config.json"


def beside(base: Path, form: Format) -> Mapping[str, bytes]:
    """File names and contents: the base's own tokenizer, byte for byte, so that nobody takes it for another one, and
    the format's template. A template in the tokenizer's configuration would contradict it, and goes."""
    files = {name: (base / name).read_bytes() for name in TOKENIZER if (base / name).is_file()}
    if _CONFIG in files:
        config = json.loads(files[_CONFIG])
        if config.pop("chat_template", None) is not None:
            files[_CONFIG] = (json.dumps(config, indent=2, ensure_ascii=False) + "\n").encode()
    return {**files, TEMPLATE: served_template(form).encode()}
