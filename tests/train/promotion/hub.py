"""A hub on 127.0.0.1 that knows what an upload needs, and keeps what it was given."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Hub:
    """One repository: its files, what made it, and the messages of its commits; `refuses` answers 403."""

    address: str = ""
    refuses: bool = False
    files: dict[str, bytes] = field(default_factory=dict)
    made: list[dict[str, Any]] = field(default_factory=list)
    commits: list[str] = field(default_factory=list)

    def answer(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        if self.refuses:
            return 403, {"error": "you may not write here"}
        if path.endswith("/repos/create"):
            self.made.append(json.loads(body))
            return 200, {"url": f"{self.address}/me/hotel", "name": "me/hotel"}
        if "/preupload/" in path:
            asked = json.loads(body)["files"]
            modes = [{"path": one["path"], "uploadMode": "regular", "shouldIgnore": False} for one in asked]
            return 200, {"files": modes}
        if "/commit/" in path:
            return 200, self._commit([json.loads(line) for line in body.splitlines()])
        if "/tree/" in path:
            return 200, [{"type": "file", "path": p, "size": len(c), "oid": "0" * 40} for p, c in self.files.items()]
        return 200, {"id": "me/hotel", "sha": "0" * 40, "siblings": [{"rfilename": path} for path in self.files]}

    def _commit(self, lines: list[dict[str, Any]]) -> dict[str, Any]:
        for line in lines:
            value = line["value"]
            if line["key"] == "header":
                self.commits.append(value["summary"])
            elif line["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "deletedFile":
                del self.files[value["path"]]
        return {"commitUrl": f"{self.address}/me/hotel/commit/1", "commitOid": "1" * 40}


@contextmanager
def served() -> Iterator[Hub]:
    """A hub, as long as it is needed."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, said = hub.answer(self.command, self.path, body)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_HEAD = _do

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
