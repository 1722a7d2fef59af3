"""An endpoint is asked a bounded number of times, and whatever it answers, a person is told what is wrong."""

import threading

import pytest

from fixtures.errors import UserError
from suite.phrasing.endpoint import FIRST_WAIT_SECONDS, MAX_ANSWER_BYTES, MOST_WAIT_SECONDS, TRIES, Endpoint
from tests.suite.phrasing.serving import completion, reply, serving

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_a_question_goes_to_the_chat_completions_with_the_model_and_the_key():
    with serving(lambda handler, question: reply(handler, completion("hi"))) as (url, asked):
        assert Endpoint(url, "small", "secret").ask(HELLO) == "hi"
        assert Endpoint(f"{url}/chat/completions", "small").ask(HELLO) == "hi"
    first, second = asked
    assert first["path"] == second["path"] == "/v1/chat/completions"
    assert (first["model"], first["messages"]) == ("small", HELLO)
    assert first["headers"]["Authorization"] == "Bearer secret"
    assert "Authorization" not in second["headers"]
    assert "secret" not in repr(Endpoint(url, "small", "secret"))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"<html>hello</html>", "is not JSON: <html>hello"),
        (b"\xff\xfe\x00", "is not JSON"),
        (b'{"choices": []}', "no chat completion"),
        (b"[]", "no chat completion"),
        (b'{"choices": [{"message": {"content": null}}]}', "no chat completion"),
        (b'{"error": "\x1b[2J"}', "is not JSON"),
        (b"x" * (MAX_ANSWER_BYTES + 1), "larger than 1 MiB"),
        (b"", "is not JSON"),
    ],
    ids=["html", "no text", "no choice", "list", "no content", "control", "huge", "nothing"],
)
def test_garbage_is_told_at_once_and_steers_no_terminal(body, told):
    with serving(lambda handler, question: reply(handler, body)) as (url, asked), pytest.raises(UserError) as error:
        Endpoint(url, "small").ask(HELLO)
    assert told in str(error.value)
    assert "\x1b" not in str(error.value)
    assert len(asked) == 1


def test_a_redirect_is_not_followed():
    def elsewhere(handler, question):
        reply(handler, b"", 307, Location="http://127.0.0.1:9/v1/chat/completions")

    with serving(elsewhere) as (url, asked), pytest.raises(UserError, match="redirects to http://127"):
        Endpoint(url, "small", "secret").ask(HELLO)
    assert len(asked) == 1


@pytest.mark.parametrize(("status", "tries"), [(503, TRIES), (429, TRIES), (401, 1), (404, 1), (400, 1)])
def test_what_may_be_gone_the_next_time_is_tried_again_and_no_more_than_that(status, tries):
    waits: list[float] = []

    def busy(handler, question):
        reply(handler, b"busy", status)

    with serving(busy) as (url, asked), pytest.raises(UserError, match=f"HTTP {status}.*: busy"):
        Endpoint(url, "small", sleep=waits.append).ask(HELLO)
    assert len(asked) == tries
    assert waits == [FIRST_WAIT_SECONDS * 2**n for n in range(tries - 1)]


def test_a_server_that_comes_back_is_heard_after_the_time_it_asked_for():
    waits: list[float] = []

    def busy_first(handler, question):
        if waits:
            reply(handler, completion("hi"))
        else:
            reply(handler, b"", 429, Retry_After="7000")

    with serving(busy_first) as (url, _):
        assert Endpoint(url, "small", sleep=waits.append).ask(HELLO) == "hi"
    assert waits == [MOST_WAIT_SECONDS]


def test_a_server_that_never_answers_is_given_up():
    done = threading.Event()
    with serving(lambda handler, question: done.wait()) as (url, asked):
        try:
            with pytest.raises(UserError, match=r"no answer within 0\.05 s"):
                Endpoint(url, "small", timeout=0.05, sleep=lambda seconds: None).ask(HELLO)
        finally:
            done.set()
        assert len(asked) == TRIES


def test_an_answer_that_trickles_in_is_given_up():
    ticks, told = iter(range(0, 10_000, 40)), "no whole answer within 60 s"

    def long(handler, question):
        reply(handler, completion("hi" * 60_000))

    with serving(long) as (url, _), pytest.raises(UserError, match=told):
        Endpoint(url, "small", sleep=lambda seconds: None, clock=lambda: next(ticks)).ask(HELLO)


def test_where_nobody_listens_the_address_is_named():
    with serving(lambda handler, question: None) as (url, _):
        pass
    with pytest.raises(UserError, match="cannot be reached") as error:
        Endpoint(url, "small", sleep=lambda seconds: None).ask(HELLO)
    assert url in str(error.value)


@pytest.mark.parametrize("url", ["", "localhost:8000", "file:///etc/passwd", "ftp://host/v1", "http://"])
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(UserError, match="no address"):
        Endpoint(url, "small")


def test_a_key_that_no_header_may_have_is_refused_without_being_told():
    with pytest.raises(UserError) as error:
        Endpoint("http://host/v1", "small", "sec\nret")
    assert "ret" not in str(error.value)
