"""CHANGELOG.md keeps its shape."""

import re

import pytest

from tests.house.source import ROOT

SECTIONS = ("Added", "Changed", "Fixed", "Verdicts")
MOST_WORDS = 25


def faults(text):
    """What is wrong with a changelog, line by line."""
    found, section = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        match line.split(" ", 1):
            case ["##", version] if not re.fullmatch(r"Unreleased|\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", version):
                found.append(f"{number}: {version!r} is neither Unreleased nor 'version (date)'")
            case ["##", _]:
                section = ""
            case ["###", section] if section not in SECTIONS:
                found.append(f"{number}: {section!r} is none of {', '.join(SECTIONS)}")
            case ["-", entry] if not section:
                found.append(f"{number}: an entry outside of a section")
            case ["-", entry] if len(entry.split()) > MOST_WORDS:
                found.append(f"{number}: {len(entry.split())} words, {MOST_WORDS} are allowed")
            case ["-" | "#" | "###", _] | [""]:
                pass
            case _ if section:
                found.append(f"{number}: an entry is one line that begins with '- '")
    return found


def test_the_changelog_keeps_its_shape():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## (.*)", text, re.MULTILINE)[0] == "Unreleased"
    assert faults(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "## Next\n",
        "## Unreleased\n### Removed\n- x\n",
        "## Unreleased\n- x\n",
        f"## Unreleased\n### Added\n- {'word ' * (MOST_WORDS + 1)}\n",
        "## Unreleased\n### Added\n- one line\n  and another\n",
    ],
    ids=["version", "section", "no section", "long", "two lines"],
)
def test_a_changelog_out_of_shape_is_told(text):
    assert len(faults(text)) == 1
