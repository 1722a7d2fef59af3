"""Pytest fixtures that several rooms' tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.bases.tiny.corpus import draw_tree
from fixtures.cores import keep_to, share
from fixtures.formats import load_format


def pytest_configure() -> None:
    """Keep each worker of pytest-xdist, and what it starts, to a core of its own.

    Otherwise each would have as many threads of torch as there are cores, which wait for each other.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        keep_to(share(int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])))


@pytest.fixture(scope="session")
def small_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tokenizer of the embedded base's kind, learned in a second; needs no torch."""
    from fixtures.bases.tiny.tokens import train_tokenizer

    texts = []
    for number in range(20):
        tree = draw_tree(f"small:{number}")
        tools = [spoken.tool.declaration() for spoken in tree.tools]
        form = load_format(tree.format)
        texts += [form.render(conversation.messages, tools).text for conversation in tree.conversations]
    folder = tmp_path_factory.mktemp("small-tokenizer")
    train_tokenizer(texts).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def small_base(small_tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a miniature of the embedded base, untrained: for tests of loading, training and decoding."""
    from transformers import AutoTokenizer

    from fixtures.bases.tiny.recipe import build_model, save
    from fixtures.bases.tiny.schedule import Recipe

    tokenizer: Any = AutoTokenizer.from_pretrained(small_tokenizer)
    folder = tmp_path_factory.mktemp("small-base")
    save(build_model(Recipe(hidden=64, layers="sf", inner=64), tokenizer), tokenizer, folder)
    return folder


@pytest.fixture
def hollow_base(small_tokenizer: Path, tmp_path: Path) -> Path:
    """A base with a tokenizer and nothing to train."""
    base = shutil.copytree(small_tokenizer, tmp_path / "base")
    (base / "config.json").write_text("{}")
    (base / "model.safetensors").write_bytes(b"")
    return base


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread: miniatures are too small for several, which wait for each other on a busy machine."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
