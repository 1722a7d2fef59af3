import os
import signal
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.errors import UserError
from suite.engine.store import TABLE, ReplyStore, reply_key, write_ahead
from suite.outcome import Identity
from suite.reply import Generation

ROOT = Path(__file__).resolve().parents[3]
REPLY = Generation("call:dim{}<end_of_turn>", (-0.25, -1e-9), "stop", (10, 23))
WHO = Identity("tiny", "b1", "runs/a", "a1", "functiongemma", "f1")
SETTINGS: dict[str, Any] = {"max_new_tokens": 40, "prompt": "<bos>dim"}


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


@settings(deadline=None)  # a disk may be slow
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
    "change",
    [{"base_digest": "b2"}, {"adapter_digest": "a2"}, {"format_digest": "f2"}, {"dtype": "bfloat16"}],
    ids=lambda c: next(iter(c)),
)
def test_a_key_changes_with_every_content_hash_and_the_dtype(change):
    assert reply_key(replace(WHO, **change), **SETTINGS) != reply_key(WHO, **SETTINGS)


@pytest.mark.parametrize(
    "change", [{"max_new_tokens": 41}, {"prompt": "<bos>dim "}, {"take": 1}], ids=lambda c: next(iter(c))
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


@contextmanager
def told_no_more():
    """A second warning would be an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


HEXED = [f"{number:064x}" for number in range(60)]
"""Keys as long as real ones."""


def numbered(number):
    return replace(REPLY, text=f"reply {number} " * 5, logprobs=(-0.25, -float(number)))


@pytest.mark.parametrize("seed", range(10))
def test_flipped_bits_change_no_reply_that_is_served(tmp_path, seed):
    written = {key: numbered(number) for number, key in enumerate(HEXED)}
    store = ReplyStore(tmp_path)
    store.put_many(written)
    store.close()
    rng = Random(seed)
    content = bytearray(store.path.read_bytes())
    for place in rng.sample(range(8 * len(content)), 200):
        content[place // 8] ^= 1 << place % 8
    store.path.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        served = ReplyStore(tmp_path).get_many(HEXED)
    assert served == {key: written[key] for key in served}


@pytest.mark.parametrize(
    "change",
    [
        "text = x'ff'", "text = 'text'", "logprobs = x'00'", "ends = 7", "finish = 'length'",
        "finish = CAST(x'ff' AS TEXT)", "checksum = x''", "checksum = zeroblob(16)",
        "(text, checksum) = (SELECT text, checksum FROM {0} WHERE key='b')",
    ],
)  # fmt: skip
def test_a_reply_that_is_not_as_it_was_stored_is_asked_again_and_told_once(tmp_path, change):
    ReplyStore(tmp_path).put_many({"a": numbered(1), "b": numbered(2)})
    with closing(sqlite3.connect(tmp_path / "replies.sqlite")) as connection, connection:
        connection.execute(f"UPDATE {TABLE} SET {change.format(TABLE)} WHERE key = 'a'")
    store = ReplyStore(tmp_path)
    with pytest.warns(UserWarning, match="not as they were stored"):
        assert store.get_many(["a", "b"]) == {"b": numbered(2)}
    with told_no_more():
        assert store.get_many(["a"]) == {}
    store.put_many({"a": numbered(1)})
    assert store.get_many(["a"]) == {"a": numbered(1)}


def test_replies_of_a_layout_without_checksums_are_asked_again(tmp_path):
    with closing(sqlite3.connect(tmp_path / "replies.sqlite")) as connection, connection:
        connection.execute("CREATE TABLE replies_2 (key TEXT PRIMARY KEY, text, logprobs, ends, finish) WITHOUT ROWID")
        connection.execute("INSERT INTO replies_2 VALUES ('k', x'', x'', x'', 'stop')")
    assert ReplyStore(tmp_path).get_many(["k"]) == {}


def test_a_file_whose_table_has_other_columns_is_moved_aside(tmp_path):
    with closing(sqlite3.connect(tmp_path / "replies.sqlite")) as connection:
        connection.execute(f"CREATE TABLE {TABLE} (key TEXT PRIMARY KEY, texf BLOB)")
    with pytest.warns(UserWarning, match="is damaged"):
        assert ReplyStore(tmp_path).get_many(["k"]) == {}


def test_a_disk_that_gets_full_is_told_once_and_costs_no_reply(tmp_path):
    store = ReplyStore(tmp_path)
    store.put_many({"before": REPLY})
    store._open().execute("PRAGMA max_page_count = 1")
    large = replace(REPLY, text="x" * 100_000)
    with pytest.warns(UserWarning, match=r"database or disk is full.*goes on without it"):
        store.put_many({"a": large})
    with told_no_more():
        store.put_many({"b": large})
    assert store.get_many(["before", "a", "b"]) == {"before": REPLY, "a": large, "b": large}


def test_a_cache_that_may_not_be_written_is_the_users_to_repair(tmp_path):
    (tmp_path / "replies.sqlite").mkdir()
    with pytest.raises(UserError, match=r"reply cache.*replies\.sqlite[\s\S]*another folder"):
        ReplyStore(tmp_path).get_many(["k"])
