"""Makes sure that the one environment of all tox environments is there: `python .ci/environment.py FOLDER`.

tox would install torch once for every environment (it recreates a folder that another environment's name made),
which is 1.4 GB each. So tox's own environments stay empty, and their commands run in the one that this script keeps:
made anew when the pins, the dependencies, the packages or Python change, and left alone otherwise.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "constraints.txt"


def wanted() -> str:
    """A hash of all that decides what has to be installed, and from where."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    decides = (str(ROOT), sys.version, PINS.read_text(encoding="utf-8"), project["build-system"], project["project"])
    text = json.dumps([*decides, project["tool"]["setuptools"]], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def install(folder: Path) -> None:
    """A fresh environment with the checkout and its tools, at the pinned versions."""
    venv.create(folder, clear=True, symlinks=True, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--quiet"]
    pins = ["--constraint", str(PINS), "--build-constraint", str(PINS)]
    # Bytecode for all 14,000 files takes longer than the installation; Python compiles on import what it really needs.
    subprocess.run([*pip, "--no-compile", *pins, "--editable", f"{ROOT}[dev]"], check=True)


def main(folder: Path) -> int:
    """Install if need be; returns the exit status."""
    stamp, want = folder / "callproof.stamp", wanted()
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == want:
        return 0
    sys.stdout.write(f"installing into {folder} (half a minute and more, once)\n")
    sys.stdout.flush()
    try:
        install(folder)
    except subprocess.CalledProcessError as error:
        return int(error.returncode)
    stamp.write_text(want, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
