"""Whether processes end with the command that started them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def say_who_and_wait(folder: Path, rank: int) -> None:
    """What a started process does."""
    (folder / str(rank)).write_text(str(os.getpid()))
    time.sleep(60)


def check_that_two_end_with_their_command(code: str, folder: Path) -> None:
    """Run `code`, whose two processes call `say_who_and_wait` with this folder; kill it, and wait for them to end."""
    # Deaf to interruptions, as a script starts what it runs in the background; torch would interrupt them by itself.
    deaf = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{code}"
    command = subprocess.Popen([sys.executable, "-c", deaf], env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT)
    until = time.monotonic() + 60
    while len(pids := [file.read_text() for file in folder.iterdir()]) < 2 or not all(pids):
        assert time.monotonic() < until, "they did not start"
        time.sleep(0.1)
    command.kill()
    command.wait()
    while any(Path(f"/proc/{pid}").exists() for pid in pids):
        assert time.monotonic() < until, "they did not end"
        time.sleep(0.1)
