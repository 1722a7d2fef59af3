"""Rejection sampling keeps what the contracts let pass, learns nothing else, and stops when nothing is gained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.errors import UserError
from fixtures.formats import Format, load_format
from fixtures.rows.reading import Row
from fixtures.types import assistant, user
from suite.reply import Generation, Reply
from tests.train.backends.test_dpo import rows, start_of
from tests.train.making import good, write
from train.backends import rejection
from train.backends.registry import train
from train.backends.rejection import RejectionSettings, keep, sheet_of
from train.cli import main
from train.job import Job, Settings
from train.preferences.pairs import wire_of
from train.rows.mask import decode
from train.rows.pieces import IGNORED

FORM = load_format("functiongemma")
NOISE = "<start_function_call>call:<end_of_turn>"
QUICK = Settings(epochs=2, batch_size=2, gradient_accumulation=1, learning_rate=1e-3, threads=1, save_steps=2)


def row(line: int = 1, room: str = "lobby") -> Row:
    made = good(room)
    return Row(line, tuple(made["messages"]), tuple(made["tools"]))


def said(text: str, logprob: float = -1.0, form: Format = FORM, *, ended: bool = True) -> Reply:
    return Reply(Generation(text, (logprob,), "stop" if ended else "length"), form.parse(text))


def right(asked: Row, form: Format = FORM) -> str:
    return wire_of(asked, asked.messages[-1], form)


def test_only_replies_that_keep_every_contract_are_kept() -> None:
    asked = row()
    call = right(asked)
    wrong = {
        "another tool": call.replace("set_lamp", "set_lamps"),
        "another value": call.replace("lobby", "cellar"),
        "no close tag": call.replace("<end_function_call>", ""),
        "twice": call.replace("<start_function_response>", "") + call,
        "text before it": f"Sure! {call}",
        "no call": "None of these tools can do that.<end_of_turn>",
        "no stop": call.replace("<start_function_response>", ""),
    }
    assert keep([asked], [[said(call)]], FORM) == {1: call}
    assert {name for name, text in wrong.items() if keep([asked], [[said(text)]], FORM)} == set()
    assert keep([asked], [[said(call, ended=False)]], FORM) == {}


def test_of_replies_that_say_the_same_the_likeliest_is_kept() -> None:
    form = load_format("intent_json")
    asked = row(7)
    sure = right(asked, form)
    unsure = sure.replace("0.95", "0.9")
    assert keep([asked], [[said(unsure, -2, form), said(sure, -1, form)]], form) == {7: sure}
    assert keep([asked], [[said(unsure, -1, form), said(sure, -2, form)]], form) == {7: unsure}


def test_a_request_that_nothing_fits_keeps_a_refusal_in_any_words() -> None:
    made = good()
    asked = Row(3, (dict(user("sing")), dict(assistant([], "No tool can."))), tuple(made["tools"]))
    assert keep([asked], [[said("I cannot.<end_of_turn>")]], FORM) == {3: "I cannot.<end_of_turn>"}
    assert keep([asked], [[said(right(row()))]], FORM) == {}


def test_a_sheet_counts_by_contract_what_was_asked_of_it() -> None:
    asked = [row(1), row(2, "bar")]
    call, other = right(asked[0]), right(asked[1])
    replies = [[said(call), said(call.replace("set_lamp", "lamp"))], [said(other.replace("bar", "roof")), said("Hm.")]]
    kept = keep(asked, replies, FORM)
    sheet = sheet_of(2, "a", asked, replies, kept, {2: other})
    assert (sheet.replies, sheet.accepted, sheet.requests, sheet.solved, sheet.gathered) == (4, 1, 2, 1, 2)
    assert sheet.contracts["never_hallucinates_tools"] == (3, 4)
    assert sheet.contracts["right_tool"] == (2, 4)
    assert sheet.contracts["right_arguments"] == (1, 2)  # of the two replies that call the right tool
    assert "1 of 4 replies accepted, 1 of 2 requests" in sheet.line()


def test_without_an_adapter_to_sample_from_it_says_how_to_make_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "rows.jsonl", [good()])
    assert main(["rejection", "--data", str(data), "--out", str(tmp_path / "run")]) == 2
    assert "python -m train sft" in capsys.readouterr().err


@pytest.fixture(scope="session")
def start(small_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return start_of(small_base, tmp_path_factory.mktemp("rejection"), "functiongemma")


def job(start: Path, tmp_path: Path, **options: Any) -> Job:
    data = write(tmp_path / "rows.jsonl", rows(6))
    own = RejectionSettings(rounds=2, k=2)
    given: dict[str, Any] = {"out": tmp_path / "run", "settings": QUICK, "own": own, **options}
    return Job(backend="rejection", data=data, start=start, **given)


class Scripted:
    """In the place of `sample`: of the rows' right answers, so many in each round; all else is noise."""

    def __init__(self, asked: Job, shares: Sequence[int]) -> None:
        lines = [json.loads(line) for line in asked.data.read_text(encoding="utf-8").splitlines()]
        self.rows = [Row(n, tuple(r["messages"]), tuple(r["tools"])) for n, r in enumerate(lines, 1)]
        self.shares, self.calls = list(shares), list[str]()

    def __call__(self, target: Any, prompts: Sequence[str], *, k: int, **_: Any) -> list[list[Reply]]:
        share = self.shares[len(self.calls)]
        self.calls.append(str(target.adapter))
        return [[said(right(each) if number < share else NOISE)] * k for number, each in enumerate(self.rows)]


def sheets(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "rounds.jsonl").read_text(encoding="utf-8").splitlines()]


def contents(adapter: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in adapter.iterdir()}


WEIGHTS = "adapter_model.safetensors"


@pytest.mark.model
def test_each_round_goes_on_from_the_last_and_the_last_is_asked_once_more(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(start, tmp_path)
    scripted = Scripted(asked, [3, 4, 5])
    monkeypatch.setattr(rejection, "sample", scripted)
    adapter = train(asked)
    rounds = asked.out / "rounds"
    assert scripted.calls == [str(start / "adapter"), str(rounds / "1" / "adapter"), str(rounds / "2" / "adapter")]
    assert (adapter / WEIGHTS).read_bytes() == (rounds / "2" / "adapter" / WEIGHTS).read_bytes()
    assert [sheet["solved"] for sheet in sheets(asked.out)] == [3, 4, 5]
    log = [json.loads(line) for line in (asked.out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["step"] for entry in log] == list(range(1, len(log) + 1))
    assert {entry["round"] for entry in log} == {1, 2}
    assert json.loads((asked.out / "cost.json").read_text(encoding="utf-8"))["seconds"] > 0


@pytest.mark.model
@pytest.mark.parametrize(
    ("shares", "best", "asked_times"),
    [([3, 3], "start", 2), ([3, 2], "start", 2), ([2, 4, 3], "1", 3)],
    ids=["no gain", "a loss", "a loss after a gain"],
)
def test_it_stops_when_a_round_gains_nothing_and_gives_the_better_adapter(
    shares: list[int], best: str, asked_times: int, start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(start, tmp_path, own=RejectionSettings(rounds=5, k=2))
    scripted = Scripted(asked, shares)
    monkeypatch.setattr(rejection, "sample", scripted)
    adapter = train(asked)
    better = start / "adapter" if best == "start" else asked.out / "rounds" / best / "adapter"
    assert len(scripted.calls) == asked_times
    assert (adapter / WEIGHTS).read_bytes() == (better / WEIGHTS).read_bytes()


@pytest.mark.model
def test_nothing_is_learned_but_the_kept_replies(start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = job(start, tmp_path, own=RejectionSettings(rounds=1, k=1))
    scripted = Scripted(asked, [2, 3])
    monkeypatch.setattr(rejection, "sample", scripted)
    learned: list[str] = []

    def watched(work: Any) -> Any:
        learned.extend(decode(work.tokenizer, tuple(i for i in e.labels if i != IGNORED)) for e in work.examples)
        prompts = [FORM.render(r.messages[:-1], r.tools, prompt=True).text for r in work.rows]
        assert all(decode(work.tokenizer, e.ids).startswith(tuple(prompts)) for e in work.examples)
        return build(work)

    build = rejection.build
    monkeypatch.setattr(rejection, "build", watched)
    train(asked)
    assert learned == [right(each) for each in scripted.rows[:2]]


@pytest.mark.model
def test_an_adapter_without_one_good_reply_is_refused(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(start, tmp_path)
    monkeypatch.setattr(rejection, "sample", Scripted(asked, [0]))
    with pytest.raises(UserError, match="none of 12 replies keeps the contracts"):
        train(asked)


@pytest.mark.model
def test_a_run_stopped_between_rounds_goes_on_without_asking_again(
    start: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = job(start, tmp_path)
    monkeypatch.setattr(rejection, "sample", Scripted(asked, [3, 4, 5]))
    whole = contents(train(asked))
    killed = replace(asked, out=tmp_path / "killed")
    monkeypatch.setattr(rejection, "sample", Scripted(asked, [3]))  # the second round is out of answers
    with pytest.raises(IndexError):
        train(killed)
    assert not (killed.out / "adapter").exists()
    monkeypatch.setattr(rejection, "sample", Scripted(asked, [4, 5]))
    assert contents(train(replace(killed, resume=True))) == whole


@pytest.mark.model
def test_the_same_seed_samples_the_same_replies_and_another_one_others(start: Path) -> None:
    from suite.engine import identify
    from train.preferences.sampling import NO_CHOICE, sample

    target = identify(start, None, None)
    prompts = [target.format.render([user(text)], [], prompt=True).text for text in ("a b", "c", "hello there")]

    def drawn(seed: int, temperature: float) -> list[list[str]]:
        replies = sample(target, prompts, k=3, temperature=temperature, seed=seed, threads=1)
        return [[reply.raw for reply in each] for each in replies]

    assert drawn(1, 1.0) == drawn(1, 1.0)
    assert drawn(1, 1.0) != drawn(2, 1.0)
    assert len({text for each in drawn(1, 1.0) for text in each}) == 9
    assert [len(set(each)) for each in drawn(1, NO_CHOICE)] == [1, 1, 1]
    assert drawn(1, NO_CHOICE) == drawn(2, NO_CHOICE)


@pytest.mark.model
def test_dice_fall_as_often_as_the_distribution_says() -> None:
    import torch

    from train.preferences.sampling import dice

    probabilities = torch.tensor([0.6, 0.3, 0.1])
    chosen, logprobs = dice(1.0, 0)(probabilities.log().repeat(20_000, 1))
    shares = torch.bincount(chosen, minlength=3) / 20_000
    assert shares.tolist() == pytest.approx(probabilities.tolist(), abs=0.015)
    assert logprobs.exp().tolist() == pytest.approx(probabilities[chosen].tolist(), rel=1e-5)
    cold, logprobs = dice(0.1, 0)(probabilities.log().repeat(1000, 1))
    assert float((cold == 0).float().mean()) > 0.99
    assert logprobs[cold == 0].exp().tolist() == pytest.approx([0.6] * int((cold == 0).sum()), rel=1e-5)
