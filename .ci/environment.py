"""Makes sure that an environment is there: `python .ci/environment.py FOLDER [--oldest]`.

tox would install torch once for every environment (it recreates a folder that another environment's name made),
which is 1.4 GB each. So tox's own environments stay empty, and their commands run in the one that this script keeps:
made anew when the pins, the dependencies, the packages or Python change, and left alone otherwise. With `--oldest` it
has transformers, TRL and PEFT at the lower bounds that pyproject.toml promises, and is an environment of its own.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
import venv
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "constraints.txt"
BOUNDED = ("transformers", "trl", "peft")
"""Whose lower bounds are tried: they change from release to release what callproof builds on."""


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pinned(oldest: bool) -> str:
    """The text of the constraints; with `oldest`, the lower bounds take the place of some pins."""
    lines = PINS.read_text(encoding="utf-8").splitlines(keepends=True)
    if not oldest:
        return "".join(lines)
    bounds = dict(dependency.split(">=") for dependency in project()["project"]["dependencies"])
    kept = [line for line in lines if line.split("==")[0] not in BOUNDED]
    return "".join([*kept, *(f"{name}=={bounds[name]}\n" for name in BOUNDED)])


def wanted(oldest: bool) -> str:
    """A hash of all that decides what has to be installed, and from where."""
    table = project()
    decides = (str(ROOT), sys.version, pinned(oldest), table["build-system"], table["project"])
    text = json.dumps([*decides, table["tool"]["setuptools"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def install(folder: Path, oldest: bool) -> None:
    """A fresh environment with the checkout and its tools, at the pinned versions."""
    venv.create(folder, clear=True, symlinks=True, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    constraints = folder / "constraints.txt"
    constraints.write_text(pinned(oldest), encoding="utf-8")
    pins = ["--constraint", str(constraints), "--build-constraint", str(PINS)]
    # Bytecode for all 14,000 files takes longer than the installation; Python compiles on import what it really needs.
    subprocess.run([*pip, "--no-compile", *pins, "--editable", f"{ROOT}[dev]"], check=True)


def main(folder: Path, *, oldest: bool = False) -> int:
    """Install if need be; returns the exit status."""
    stamp, want = folder / "callproof.stamp", wanted(oldest)
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == want:
        return 0
    sys.stdout.write(f"installing into {folder} (half a minute and more, once)\n")
    sys.stdout.flush()
    try:
        install(folder, oldest)
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    stamp.write_text(want, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), oldest="--oldest" in sys.argv[2:]))
