"""Whatever stands in an adapter's files, it is read or refused: in bounded time, in one error, off the network."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from fixtures.errors import UserError
from suite.engine import identify
from suite.engine.target.tensors import read_shapes
from tests.house.source import ROOT

JSON_FILES = ("adapter_config.json", "callproof.json", "calibrator.json")
LORA = "base_model.model.model.layers.0.self_attn.q_proj"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    for name in ("config.json", "tokenizer.json"):
        (folder / name).write_text("{}")
    save_file({"model.layers.0.self_attn.q_proj.weight": np.zeros((16, 8), np.float32)}, folder / "model.safetensors")
    return folder


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "adapter"
    folder.mkdir()
    config = {"peft_type": "LORA", "r": 4, "base_model_name_or_path": str(base), "target_modules": ["q_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    save_weights(folder)
    assert identify(folder, None, None).adapter == folder
    return folder


def save_weights(folder: Path, **more: Any) -> None:
    parts = {f"{LORA}.lora_A.weight": np.ones((4, 8)), f"{LORA}.lora_B.weight": np.ones((16, 4))}
    save_file(
        {name: part.astype(np.float32) for name, part in (parts | more).items()}, folder / "adapter_model.safetensors"
    )


def refusal(adapter: Path, base: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        identify(adapter, base, None)
    return str(caught.value)


HOSTILE_JSON = {
    "deep": b"[" * 100_000, "deep and closed": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "infinite": b'{"r": 1e999}', "not a number": b'{"r": NaN}', "5,000 digits": b'{"r": ' + b"9" * 5_000 + b"}",
    "a key twice": b'{"peft_type": "IA3", "peft_type": "LORA"}', "half a surrogate": b'{"\\ud800": 1}',
    "no UTF-8": b'{"a": "\xff"}', "a list": b"[]", "text": b'"LORA"', "nothing": b"", "zeros": bytes(1_000),
    "large": b'{"a": "' + b"x" * 40_000_000 + b'"}',
}  # fmt: skip


@pytest.mark.parametrize("name", JSON_FILES)
@pytest.mark.parametrize("content", HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_json_that_means_no_good_is_one_error_about_its_file(adapter: Path, name: str, content: bytes) -> None:
    (adapter / name).write_bytes(content)
    assert name in refusal(adapter)


@pytest.mark.parametrize("name", ["callproof.json", "calibrator.json", "adapter_model.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder"])
def test_what_is_no_regular_file_is_neither_read_nor_waited_for(adapter: Path, name: str, kind: str) -> None:
    file = adapter / name
    file.unlink(missing_ok=True)
    {"pipe": os.mkfifo, "device": lambda path: os.symlink("/dev/zero", path), "folder": os.mkdir}[kind](file)
    assert name in refusal(adapter)


@pytest.mark.parametrize("name", ["adapter_config.json", "tokenizer.json"])
def test_a_pipe_in_the_place_of_a_file_that_is_looked_for_is_as_if_there_was_none(adapter: Path, name: str) -> None:
    (adapter / name).unlink(missing_ok=True)
    os.mkfifo(adapter / name)
    if name == "adapter_config.json":
        assert "there is no adapter_config.json" in refusal(adapter)
    else:
        assert identify(adapter, None, None).own_tokenizer is None


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_pipe_in_a_base_is_no_file_of_it(adapter: Path, tmp_path: Path, name: str) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for file in ("config.json", "tokenizer.json", "model.safetensors"):
        os.mkfifo(other / file) if file == name else (other / file).write_text("{}")
    assert "is not a model that callproof can load" in refusal(adapter, str(other))


HEADERS = [
    {"t": {"dtype": "F32", "shape": [1e999], "data_offsets": [0, 4]}},
    {"t": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
    {"t": {"dtype": "F32", "shape": [True], "data_offsets": [0, 4]}},
    {"t": {"dtype": "F32", "shape": [2**70], "data_offsets": [0, 4]}},
    {"t": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2**70]}},
    {"t": {"dtype": "F32", "shape": [1], "data_offsets": [0]}},
    {"t": {"dtype": "F32", "shape": "1", "data_offsets": [0, 4]}},
    {"t": [1]},
]


@pytest.mark.parametrize("header", [json.dumps(h).encode() for h in HEADERS] + [b"[" * 100_000, b'{"t": {"t": NaN}}'])
def test_a_header_that_lies_is_refused(adapter: Path, header: bytes) -> None:
    content = len(header).to_bytes(8, "little") + header + bytes(4)
    (adapter / "adapter_model.safetensors").write_bytes(content)
    assert "it is damaged" in refusal(adapter)


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_shapes_or_a_reason(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, sized: bool
) -> None:
    file = tmp_path_factory.mktemp("any") / "x.safetensors"
    file.write_bytes(len(content).to_bytes(8, "little") + content if sized else content)
    with suppress(ValueError):
        assert isinstance(read_shapes(file), dict)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
KEYS = [
    "peft_type", "r", "target_modules", "exclude_modules", "modules_to_save", "rank_pattern", "alpha_pattern",
    "task_type", "layers_pattern", "layers_to_transform", "base_model_name_or_path", "fan_in_fan_out",
    "alora_invocation_tokens", "target_parameters", "megatron_config",
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=3))
def test_any_settings_are_a_target_or_one_error(adapter: Path, changes: dict[str, Any]) -> None:
    plain = json.loads((adapter / "adapter_config.json").read_text())
    other = adapter.parent / "other"
    other.mkdir(exist_ok=True)
    (other / "adapter_model.safetensors").write_bytes((adapter / "adapter_model.safetensors").read_bytes())
    (other / "adapter_config.json").write_text(json.dumps(plain | changes))
    with suppress(UserError):
        assert identify(other, None, None).adapter == other


FORGED = "x\n=== 16 passed ===\x1b[2J\u202e"


def check_harmless(text: str) -> None:
    assert not any(line.startswith("===") for line in text.splitlines())
    assert not any(mark in text for mark in "\x1b\u202e\r")


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_names_of_strangers_print_no_line_of_their_own(adapter: Path, size: int) -> None:
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": FORGED * size}))
    told = refusal(adapter)
    check_harmless(told)
    assert len(told) < 10_000
    (adapter / "adapter_config.json").write_text(json.dumps(config))
    save_weights(adapter, **{FORGED * min(size, 1000): np.zeros(1)})
    check_harmless(refusal(adapter))


@pytest.fixture
def listener() -> Iterator[tuple[int, list[Any]]]:
    """A port of this machine, and who has called there."""
    called: list[Any] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, who = server.accept()
                except OSError:
                    return
                called.append(who)
                connection.close()

        Thread(target=listen, daemon=True).start()
        yield server.getsockname()[1], called


@pytest.mark.parametrize("download", [False, True])
def test_a_hub_id_that_an_adapter_names_is_looked_for_in_the_cache_only(
    adapter: Path, tmp_path: Path, listener: tuple[int, list[Any]], download: bool
) -> None:
    port, called = listener
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"base_model_name_or_path": "org/model"}))
    code = (
        "from pathlib import Path\nfrom fixtures.errors import UserError\nfrom suite.engine import identify\n"
        f"try:\n    identify(Path({str(adapter)!r}), None, None, download={download})\n"
        "except UserError as error:\n    print(error)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    environment |= {"PYTHONPATH": str(ROOT), "HF_HOME": str(tmp_path), "HF_ENDPOINT": f"http://127.0.0.1:{port}"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert "not in the local hub cache" in done.stdout, done.stderr[-2000:]
    assert bool(called) is download
