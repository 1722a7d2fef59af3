"""What is imported is declared, what is declared is pinned, and the lower bounds are the versions that were tested."""

import re
import sys

import pytest

from tests.house.source import OURS, ROOMS, ROOT, files, imports_of, pyproject


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def pins():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {canonical(name): version for name, _, version in (line.partition("==") for line in lines if line[0] != "#")}


def test_only_trackers_that_no_test_runs_have_no_lower_bound():
    optional = pyproject()["project"]["optional-dependencies"]
    assert {need for needs in optional.values() for need in needs if ">=" not in need} == {"trackio"}


def declared():
    project = pyproject()["project"]
    optional = [need for extra in project["optional-dependencies"].values() for need in extra]
    return dict(need.split(">=") for need in [*project["dependencies"], *optional] if ">=" in need)


def imported():
    names = {i.target.split(".")[0] for path in files(*ROOMS) for i in imports_of(path)}
    return names - set(OURS) - set(sys.stdlib_module_names)


def test_every_library_that_a_room_imports_is_a_dependency():
    needs = {canonical(need.split(">=")[0]) for need in pyproject()["project"]["dependencies"]}
    assert {canonical(name) for name in imported()} - needs == {"mlflow"}, "an extra, imported when it is asked for"


def test_every_dependency_is_imported_by_a_room():
    needs = {canonical(need.split(">=")[0]) for need in pyproject()["project"]["dependencies"]}
    assert needs - {canonical(name) for name in imported()} == set()


@pytest.mark.parametrize("name", declared())
def test_a_lower_bound_is_the_tested_version(name):
    assert pins()[canonical(name)].split(".")[:2] == declared()[name].split(".")


def test_pins_are_exact_and_for_any_build_of_torch():
    assert all(re.fullmatch(r"\d[\w.]*", version) for version in pins().values())
    assert pins()["torch"] == "2.13.0"
    assert [name for name in pins() if re.match(r"nvidia|cuda|triton", name)] == []
