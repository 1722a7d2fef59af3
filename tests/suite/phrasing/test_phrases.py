"""`python -m suite phrases`: what a model words becomes a catalog's phrases, if each asks for one tool alone."""

import json

import pytest

from fixtures.catalogs import load_catalog
from suite.__main__ import main
from suite.phrasing.asking import MOST_OTHERS, phrases_in, question
from suite.phrasing.sifting import LESS, SHARED, clean, sifted
from tests.own_rows import TOOLS
from tests.suite.phrasing.serving import completion, phrases, reply, serving

NAMES = ["set_light", "open_blinds"]


@pytest.fixture
def house(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    path = tmp_path / "house.json"
    path.write_text(json.dumps({"tools": TOOLS, "policy": "must_choose"}))
    return path


@pytest.fixture
def ask(house, capsys):
    """Runs the command against a server with an answer for each tool; returns exit status, output and the new file."""

    def asked(bodies, *more, out="out.json"):
        def answer(handler, messages):
            asked_for = messages["messages"][1]["content"].splitlines()[1]
            reply(handler, next(body for name, body in bodies.items() if name in asked_for))

        with serving(answer) as (url, questions):
            words = [
                "--catalog",
                str(house),
                "--out",
                str(house.parent / out),
                "--endpoint",
                url,
                "--model",
                "m",
                *more,
            ]
            status = main(["phrases", *words])
        said = capsys.readouterr()
        return status, said.out + said.err, house.parent / out, questions

    return asked


def test_phrases_are_written_into_a_catalog_that_the_gate_reads(ask):
    status, told, out, asked = ask(
        {"set_light": phrases("dim the lights.", "Dim the lights"), "open": phrases("let light in")}
    )
    assert status == 0
    assert "2 phrases for 2 of 2 tools" in told
    assert len(asked) == 2
    spoken = load_catalog(str(out))
    assert spoken.catalog.policy == "must_choose"
    assert [(one.language, one.actions) for one in spoken.spoken] == [
        ("phrases", ("dim the lights",)),
        ("phrases", ("let light in",)),
    ]


def test_what_does_not_single_a_tool_out_is_dropped_and_told(ask):
    both = phrases("change the room", "see to the lights")
    status, told, out, _ = ask({"set_light": both, "open": phrases("Change a room!", "open the blinds")})
    assert status == 0
    assert told.count(SHARED) == 2
    assert json.loads(out.read_text())["phrases"] == {
        "set_light": ["see to the lights"],
        "open_blinds": ["open the blinds"],
    }


def test_where_no_phrase_is_left_nothing_is_written(ask):
    status, told, out, _ = ask(dict.fromkeys(NAMES, phrases("do the job")))
    assert status == 2
    assert "no phrase came of it" in told
    assert SHARED in told
    assert not out.exists()


def test_hostile_phrases_are_dropped_and_do_not_reach_the_terminal(ask):
    hostile = ["\x1b[2J go away", "open {v} now", "please open it", "x" * 9000, 7, None, "say\nthis", "", "go"]
    status, told, out, _ = ask(
        {"set_light": phrases(*hostile, "dim the lights"), "open": phrases("let light in")}, "--n", "20"
    )
    assert status == 0
    assert "\x1b" not in told
    assert len(told) < 3000
    assert json.loads(out.read_text())["phrases"]["set_light"] == ["dim the lights"]


def test_a_model_that_babbles_is_asked_once_more_and_then_named(ask):
    status, told, out, asked = ask({"set_light": completion("Sure! Here you go"), "open": phrases("let light in")})
    assert status == 0
    assert len(asked) == 3
    assert "no list of phrases for set_light: Sure! Here you go" in told
    assert "without phrases: set_light" in told
    assert list(json.loads(out.read_text())["phrases"]) == ["open_blinds"]


def test_an_endpoint_that_fails_half_way_leaves_nothing(ask):
    status, told, out, _ = ask({"set_light": phrases("dim the lights"), "open": b"<html>"})
    assert status == 2
    assert "is not JSON" in told
    assert [path.name for path in out.parent.iterdir()] == ["house.json"]


def test_no_file_is_overwritten_and_nobody_is_asked_for_it(ask, house):
    before = house.read_text()
    status, told, _, asked = ask(dict.fromkeys(NAMES, phrases("dim the lights")), out="house.json")
    assert (status, asked) == (2, [])
    assert "there is a file of this name" in told
    assert house.read_text() == before
    (house.parent / "folder").mkdir()
    assert ask({}, out="folder")[0] == 2


def test_tools_that_have_phrases_keep_them_and_are_not_asked_about(ask, house):
    house.write_text(json.dumps({"tools": TOOLS, "phrases": {"set_light": ["dim the lights"]}}))
    status, told, out, asked = ask({"open": phrases("dim the lights", "let light in")})
    assert status == 0
    assert len(asked) == 1
    assert SHARED in told
    assert json.loads(out.read_text())["phrases"] == {"open_blinds": ["let light in"], "set_light": ["dim the lights"]}


def test_the_key_comes_from_the_variable_that_is_named(ask, monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret")
    bodies = {"set_light": phrases("dim the lights"), "open": phrases("let light in")}
    _, told, _, asked = ask(bodies, "--key-variable", "MY_KEY")
    assert {one["headers"]["Authorization"] for one in asked} == {"Bearer secret"}
    assert "secret" not in told


@pytest.mark.parametrize("more", [["--n", "0"], ["--n", "51"], ["--timeout", "0"], ["--timeout", "nan"]])
def test_numbers_out_of_bounds_are_refused(ask, more):
    assert ask({}, *more)[0] == 2


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ('{"phrases": ["a b"]}', ["a b"]),
        ('["a b", 3]', ["a b"]),
        ('Here:\n```json\n{"phrases": ["a b"]}\n```\nHappy to help!', ["a b"]),
        ('{"phrases": []}', None),
        ('{"phrases": "a b"}', None),
        ("a b", None),
        ("", None),
    ],
)
def test_a_list_of_texts_is_found_in_an_answer(answer, found):
    assert phrases_in(answer) == found


@pytest.mark.parametrize(
    ("phrase", "fine"),
    [
        ("dim the lights", True),
        (" 'Dim the lights.' ", True),
        ("dim", False),
        ("dim the <zone> lights", False),
        ("set $zone alight", False),
        ("can you dim the lights", False),
        ("dim - lights", False),
        ("dim\x00 the lights", False),
        (" ".join(["dim"] * 13), False),
    ],
)
def test_an_order_that_a_person_could_say_is_told_from_others(phrase, fine):
    assert (clean(phrase)[1] == "") is fine


def test_a_phrase_that_leaves_out_what_tells_another_tool_apart_is_dropped():
    tools = load_catalog("hotel_lights").catalog.tools[:2]
    first, second = (tool.name for tool in tools)
    kept, dropped = sifted(tools, {}, {first: ["read the file", "close it all"], second: ["read the media file"]})
    assert kept == {first: ["close it all"], second: ["read the media file"]}
    assert dropped == [(first, "read the file", LESS)]


def test_the_model_is_told_of_the_other_tools_but_not_of_a_thousand():
    (tool, *_) = load_catalog("hotel_lights").catalog.tools
    _, asked = question(tool, [tool] * 1000, 6)
    assert asked["content"].count("\n- ") == MOST_OTHERS
