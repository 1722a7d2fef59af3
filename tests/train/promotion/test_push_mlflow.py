"""Into the registry of a real MLflow server on SQLite; `tox run -e mlflow` has one, and other runs skip this."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from tests.train.promotion.bench import Bench
from train.cli import main
from train.promotion.verify import verify_folder

mlflow: Any = pytest.importorskip("mlflow")
pytest.importorskip("alembic", reason="the client is installed without its server")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of its own."""
    folder = tmp_path_factory.mktemp("mlflow")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination", str(folder / "artifacts"), "--host", "127.0.0.1", "--port", str(port),
        "--workers", "1",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=dict(os.environ), stdout=log, stderr=log, start_new_session=True
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _await(address, process, folder / "log")
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # its workers are processes of their own
        process.wait()


def _await(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 300
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            Event().wait(0.2)  # leaves the processor to the server
    pytest.fail(f"the server did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")


@pytest.fixture
def client(server: str) -> Any:
    return mlflow.MlflowClient(tracking_uri=server, registry_uri=server)


def push(bench: Bench, server: str) -> int:
    return main(["push", "intent", "--to-mlflow", server])


def test_the_alias_goes_with_promotions_and_rollbacks_and_what_is_there_verifies(
    bench: Bench, server: str, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bench.folder)
    adapters, versions = [], []
    for weights in (b"one", b"two"):
        adapters.append(bench.train(weights))
        bench.promote()
        assert push(bench, server) == 0
        versions.append(client.get_model_version_by_alias("intent", "champion"))
    assert [str(one.version) for one in versions] == ["1", "2"]
    assert [one.tags["callproof.adapter"] for one in versions] == adapters
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    there = mlflow.artifacts.download_artifacts(
        artifact_uri="models:/intent@champion", dst_path=str(tmp_path / "there"), tracking_uri=server
    )
    assert verify_folder(Path(there), bench.trust).said["adapter"]["digest"] == adapters[1]
    assert main(["rollback", "intent", "--because", "wrong rooms"]) == 0
    assert push(bench, server) == 0
    assert client.get_model_version_by_alias("intent", "champion").version == versions[0].version
    assert len(client.search_model_versions("name='intent'")) == 2, (
        "the release that is there already is not made again"
    )


def test_a_server_that_does_not_answer_is_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(bench.folder)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    bench.train(b"one")
    bench.promote()
    assert push(bench, "http://127.0.0.1:9") == 2
    assert "the server did not take it" in capsys.readouterr().err
