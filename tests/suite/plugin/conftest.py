"""pytest as a user meets it: in a process of its own, with a scripted engine, in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENGINES = """
import re
from dataclasses import replace

from fixtures.errors import UserError
from suite.engine import ScriptedEngine
from suite.reply import Generation

def prose(target):
    reply = Generation("Sure, I will do that.<end_of_turn>", (-0.1,), "stop")
    return ScriptedEngine(lambda prompt: reply, format=target.format, identity=target.identity)

def bare_json(target):
    def first_tool(prompt):
        name = re.search("declaration:([^{]+)", prompt)[1]
        return '[{"name": "%s", "arguments": {}}]<end_of_turn>' % name
    return ScriptedEngine(first_tool, format=target.format, identity=target.identity)

def knowing(target):
    # Calls whatever tool is declared last; that is enough to choose a tool.
    def call(prompt):
        name = prompt.rpartition("declaration:")[2].partition("{")[0]
        text = "<start_function_call>call:" + name + "{}<end_function_call><start_function_response>"
        return Generation(text, (-0.1,), "stop")
    return ScriptedEngine(call, format=target.format, identity=replace(target.identity, adapter_digest="other"))

def refusing(target):
    def refuse(prompt):
        raise UserError("--adapter x", "the adapter is not applied", hint="another one")
    return ScriptedEngine(refuse, format=target.format, identity=target.identity)

def broken(target):
    def fall_over(prompt):
        raise ZeroDivisionError("a mistake of ours")
    return ScriptedEngine(fall_over, format=target.format, identity=target.identity)
"""


def installed() -> bool:
    """Whether the environment registers the plugin by itself."""
    return any(entry.value == "callproof" for entry in entry_points(group="pytest11"))


@pytest.fixture
def run(tmp_path, small_base_files):
    """Runs pytest against a scripted engine; returns exit code and output."""
    (tmp_path / "doubles.py").write_text(ENGINES)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")

    def pytest_with(*arguments, engine="prose", folder=tmp_path, **environment):
        paths = {"CALLPROOF_ENGINE": f"doubles:{engine}", "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
        loader = [] if installed() else ["-p", "callproof"]
        command = [sys.executable, "-m", "pytest", *loader, "-p", "no:cacheprovider", *arguments]
        whole = {**os.environ, **paths, **environment}
        done = subprocess.run(
            command, cwd=folder, env=whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120
        )
        return done.returncode, done.stdout

    return pytest_with


@pytest.fixture
def gate(run):
    """The same, with a gate of a bare base that looks like one."""

    def gate_with(*arguments, **more):
        return run("--adapter", "none", "--base", "base", "--budget", "40", *arguments, **more)

    return gate_with


@pytest.fixture
def small_base_files(tmp_path):
    """A folder that looks like a base; nothing loads it, because the engine is scripted."""
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_text("{}")
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    return folder
