"""Hypothesis draws the constants of loaded modules; the search must not depend on which of ours are."""

import ast

from tests.house.source import ROOMS, ROOT, files

SIZE = 3  # of the choices that suite/lanes/search.py draws


def constants(text):
    """The bytes constants of that size, where they stand."""
    nodes = ast.walk(ast.parse(text))
    return [n.lineno for n in nodes if isinstance(n, ast.Constant) and type(n.value) is bytes and len(n.value) == SIZE]


def test_no_module_has_a_constant_that_the_search_could_draw():
    found = {path.relative_to(ROOT): constants(path.read_text(encoding="utf-8")) for path in files(*ROOMS, "conftest")}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_a_byte_order_mark_is_such_a_constant():
    assert constants("first = 1\nmark = b'\\xef\\xbb\\xbf'\nend = b'\\n'\n") == [2]
