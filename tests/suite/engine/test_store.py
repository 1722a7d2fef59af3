import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.errors import UserError
from suite.engine.store import ReplyStore, reply_key, write_ahead
from suite.outcome import Identity
from suite.reply import Generation

ROOT = Path(__file__).resolve().parents[3]
REPLY = Generation("call:dim{}<end_of_turn>", (-0.25, -1e-9), "stop", (10, 23))
WHO = Identity("tiny", "b1", "runs/a", "a1", "functiongemma", "f1")
SETTINGS: dict[str, Any] = {"max_new_tokens": 40, "dtype": "float32", "prompt": "<bos>dim"}


def python(script):
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60)


tokens = st.lists(st.tuples(st.floats(max_value=0), st.integers(0, 2**40)))
generations = st.builds(
    lambda text, tokens, finish, placed: Generation(
        text, tuple(p for p, _ in tokens), finish, tuple(end for _, end in tokens) if placed else ()
    ),
    st.text(),
    tokens,
    st.sampled_from(["stop", "length"]),
    st.booleans(),
)


@given(st.dictionaries(st.text("abcdef0123456789", min_size=1), generations, max_size=5))
def test_what_was_put_comes_back_to_the_last_bit(tmp_path_factory, replies):
    store = ReplyStore(tmp_path_factory.mktemp("store"))
    store.put_many(replies)
    assert store.get_many([*replies, "never stored"]) == replies


def test_a_text_with_half_a_surrogate_pair_is_kept(tmp_path):
    odd = replace(REPLY, text="\ud83d")
    store = ReplyStore(tmp_path)
    store.put_many({"k": odd})
    assert store.get_many(["k"]) == {"k": odd}


def test_another_store_on_the_same_folder_sees_the_replies(tmp_path):
    ReplyStore(tmp_path).put_many({"k": REPLY})
    assert ReplyStore(tmp_path).get_many(["k"]) == {"k": REPLY}


def test_thousands_of_keys_can_be_asked_for_at_once(tmp_path):
    store = ReplyStore(tmp_path)
    keys = [str(number) for number in range(2_345)]
    store.put_many(dict.fromkeys(keys, REPLY))
    assert set(store.get_many(keys)) == set(keys)


@pytest.mark.parametrize(
    "change", [{"base_digest": "b2"}, {"adapter_digest": "a2"}, {"format_digest": "f2"}], ids=lambda c: next(iter(c))
)
def test_a_key_changes_with_every_content_hash(change):
    assert reply_key(replace(WHO, **change), **SETTINGS) != reply_key(WHO, **SETTINGS)


@pytest.mark.parametrize(
    "change", [{"max_new_tokens": 41}, {"dtype": "bfloat16"}, {"prompt": "<bos>dim "}], ids=lambda c: next(iter(c))
)
def test_a_key_changes_with_every_setting(change):
    assert reply_key(WHO, **(SETTINGS | change)) != reply_key(WHO, **SETTINGS)


def test_a_key_does_not_change_with_names():
    assert reply_key(replace(WHO, base="b", adapter="c", format="d"), **SETTINGS) == reply_key(WHO, **SETTINGS)


def test_a_killed_process_loses_nothing_that_it_had_put(tmp_path):
    script = f"""
import os, signal
from pathlib import Path
from suite.engine.store import ReplyStore
from suite.reply import Generation
store = ReplyStore(Path({str(tmp_path)!r}))
for number in range(50):
    store.put_many({{str(number): Generation("text", (-0.5,), "stop")}})
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert python(script).returncode == -signal.SIGKILL
    assert len(ReplyStore(tmp_path).get_many([str(number) for number in range(50)])) == 50


def test_who_asks_for_the_log_while_another_does_waits():
    class Asked:
        refusals = 2

        def execute(self, _):
            if self.refusals:
                self.refusals -= 1
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorcode = sqlite3.SQLITE_BUSY
                raise error

    asked: Any = Asked()
    write_ahead(asked)
    assert asked.refusals == 0


def test_several_processes_may_write_at_once(tmp_path):
    script = f"""
import sys
from pathlib import Path
from suite.engine.store import ReplyStore
from suite.reply import Generation
store = ReplyStore(Path({str(tmp_path)!r}))
for number in range(100):
    store.put_many({{sys.argv[1] + str(number): Generation("text", (), "stop")}})
"""
    running = [subprocess.Popen([sys.executable, "-c", script, name], cwd=ROOT) for name in "abc"]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    keys = [name + str(number) for name in "abc" for number in range(100)]
    assert len(ReplyStore(tmp_path).get_many(keys)) == 300


def no_database(file):
    file.write_bytes(b"this is not a database, and long enough to be seen as none" * 10)


def broken_pages(file):
    size = file.stat().st_size
    with file.open("r+b") as stream:
        stream.seek(1_000)
        stream.write(os.urandom(size - 1_000))


def cut_off(file):
    os.truncate(file, file.stat().st_size // 2)


@pytest.mark.parametrize("damage", [no_database, broken_pages, cut_off])
def test_a_damaged_file_is_moved_aside_with_a_warning_and_work_goes_on(tmp_path, damage):
    store = ReplyStore(tmp_path)
    store.put_many({str(number): replace(REPLY, text="x" * 500) for number in range(200)})
    store.close()
    damage(store.path)
    with pytest.warns(UserWarning, match=r"damaged.*replies\.sqlite\.damaged-1"):
        store.get_many([str(number) for number in range(200)])
    store.put_many({"k": REPLY})
    assert store.get_many(["k"]) == {"k": REPLY}
    assert (tmp_path / "replies.sqlite.damaged-1").exists()


def test_a_cache_that_cannot_be_made_is_the_users_to_repair(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(UserError, match="cannot make the folder"):
        ReplyStore(tmp_path / "file").get_many(["k"])


def test_a_locked_cache_is_told_and_not_moved_aside(tmp_path, monkeypatch):
    monkeypatch.setattr("suite.engine.store._PATIENCE_SECONDS", 0.01)
    ReplyStore(tmp_path).put_many({"k": REPLY})
    other = sqlite3.connect(tmp_path / "replies.sqlite")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(UserError, match="locked"):
        ReplyStore(tmp_path).put_many({"l": REPLY})
    other.close()
    assert ReplyStore(tmp_path).get_many(["k"]) == {"k": REPLY}
