from dataclasses import replace

from benchmarks.shrinking import shrink
from fixtures.types import Case
from suite.contracts.chooses_a_tool import chooses_a_tool
from suite.exam.cases import clear
from suite.exam.scene import Scene
from suite.judging.contract import contract
from suite.lanes.asking import Asker
from suite.lanes.rehearsal import right, scripted
from suite.lanes.search import collect
from suite.outcome import Broken, Held, Outcome, Rate
from suite.reply import Reply

SCENE = Scene(catalogs=())


@contract(cases=clear, bar=Rate(0.9))
def few_tools(case: Case, reply: Reply) -> Outcome:
    """Breaks for every catalog of three tools and more, whatever is asked."""
    return Held() if len(case.catalog.tools) < 3 else Broken("many tools", "few tools")


def shrunk(calls=60):
    engine, (watched,) = scripted([few_tools])
    asker = Asker(engine, max_new_tokens=10)
    drawn = collect(watched, SCENE, 40, 7)
    asker.ask(drawn)
    engine.calls = 0
    return shrink(watched, SCENE, drawn, 7, asker, calls), engine


def test_a_failure_is_shrunk_to_the_smallest_catalog_that_still_fails():
    (case, broken, minimal), _ = shrunk(calls=2000)
    assert len(case.catalog.tools) == 3
    assert all(not tool.parameters["properties"] for tool in case.catalog.tools)
    assert broken.got == "many tools"
    assert minimal


def test_shrinking_keeps_to_its_budget_of_calls_and_does_not_claim_a_minimum():
    (case, _, minimal), engine = shrunk(calls=1)
    assert engine.calls <= 1
    assert len(case.catalog.tools) >= 3
    assert not minimal


def test_the_replayed_draws_are_the_collected_ones():
    engine, (watched,) = scripted([replace(chooses_a_tool)], right)
    asker = Asker(engine, max_new_tokens=10)
    drawn = collect(watched, SCENE, 30, 3)
    asker.ask(drawn)
    before = engine.calls
    assert shrink(watched, SCENE, drawn, 3, asker, 0) is None
    assert engine.calls == before


def test_draws_do_not_depend_on_the_modules_that_are_loaded(tmp_path, monkeypatch):
    before = collect(chooses_a_tool, SCENE, 20, 3)
    (tmp_path / "newcomer.py").write_text("numbers = [1, 2, 3, 5, 17, 61, 99]\ntexts = [b'abcd', 'abc', 'set']\n")
    monkeypatch.syspath_prepend(tmp_path)
    __import__("newcomer")
    assert collect(chooses_a_tool, SCENE, 20, 3) == before
