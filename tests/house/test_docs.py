"""What the documents name exists: paths, links, and the commands that CI runs."""

import re
import subprocess
from itertools import product

import pytest

from tests.house.source import ROOT

FOLDERS = {path.name for path in ROOT.iterdir() if path.is_dir()}
GENERATED = {line.strip("/") for line in (ROOT / ".gitignore").read_text(encoding="utf-8").split()}


def documents():
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "fixtures").rglob("*.md")]
    return sorted(path for path in found if path.name != "CHANGELOG.md")


def named_paths(text):
    """Paths of the repository in backticks: those that begin with one of its folders, and its own root files."""
    for quoted in re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)):
        path = quoted.partition("::")[0]
        folder, slash, _ = path.partition("/")
        inside = slash and folder in FOLDERS - GENERATED and re.fullmatch(r"[\w./*-]+", path)
        if inside or re.fullmatch(r"[A-Z]+\.md|tox\.ini|pyproject\.toml|conftest\.py|constraints\.txt", path):
            yield path.rstrip("/")


def linked_paths(text):
    """Targets of Markdown links, without those that lead out of the repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [t.partition("#")[0] for t in targets if "://" not in t and not t.startswith("#")]


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_path_that_a_document_names_exists(document):
    text = document.read_text(encoding="utf-8")
    missing = [name for name in named_paths(text) if not list(ROOT.glob(name))]
    missing += [name for name in linked_paths(text) if not (document.parent / name).exists()]
    assert missing == []


def test_paths_are_told_from_other_words():
    text = "`suite/settings.py` `suite/contracts/` `tox.ini` `runs/x/y.json` `mask.txt` `suite.gate` `pytest suite/x`"
    assert list(named_paths(text)) == ["suite/settings.py", "suite/contracts", "tox.ini"]
    assert linked_paths("[a](ARCHITECTURE.md#rooms) [b](https://example.org/x.md) [c](#here)") == ["ARCHITECTURE.md"]


def test_ci_finds_the_test_command_of_the_readme():
    done = subprocess.run([ROOT / ".ci" / "run", "--show"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() in (ROOT / "README.md").read_text(encoding="utf-8")
    assert done.stdout.strip().endswith("tox run -e tests")


def factors(section):
    """The environments of a section: `gate-{a,b}` is `gate-a` and `gate-b`."""
    parts = [part.split(",") for part in re.split(r"[{}]", section)]
    return ["".join(chosen) for chosen in product(*parts)]


def test_every_tox_environment_that_the_documents_name_exists():
    told = "\n".join(path.read_text(encoding="utf-8") for path in documents())
    named = {name for names in re.findall(r"-e ([a-z][a-z,-]+)", told) for name in names.split(",")}
    sections = re.findall(r"^\[testenv:(.+)\]$", (ROOT / "tox.ini").read_text(encoding="utf-8"), re.MULTILINE)
    assert named >= {"tests", "release"}
    assert named <= {environment for section in sections for environment in factors(section)}
