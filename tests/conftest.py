"""Pytest fixtures that several rooms' tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.cores import BFLOAT16, keep_to, share
from fixtures.datasets.hotel import build
from fixtures.formats import load_format
from tests.miniature import TINY_FORMATS, model_of, tokenizer_of


def pytest_configure() -> None:
    """The same arithmetic on every machine, unless somebody asks for the other (CONTRIBUTING.md).

    Keep each worker of pytest-xdist, and what it starts, to a core of its own.

    Otherwise each would have as many threads of torch as there are cores, which wait for each other.
    """
    os.environ.setdefault(BFLOAT16, "0")
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        keep_to(share(int(worker.removeprefix("gw")), int(os.environ["PYTEST_XDIST_WORKER_COUNT"])))


@pytest.fixture(scope="session")
def small_tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tokenizer of the embedded base's kind, learned in a second; needs no torch."""
    forms = [load_format(name) for name in TINY_FORMATS]
    texts = [form.render(row["messages"], row["tools"]).text for row in build(20, 0, "corpus") for form in forms]
    folder = tmp_path_factory.mktemp("small-tokenizer")
    tokenizer_of(texts).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def small_base(small_tokenizer: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a miniature of the embedded base, untrained: for tests of loading, training and decoding."""
    import torch
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(small_tokenizer)
    folder = tmp_path_factory.mktemp("small-base")
    model_of(tokenizer).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def untied_base(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That miniature with an output layer of its own."""
    import torch
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(small_base)
    folder = tmp_path_factory.mktemp("untied-base")
    model_of(tokenizer, tied=False).to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
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
