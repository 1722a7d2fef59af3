"""What trains reads the same forms as `train check`, and the run says which it read."""

from __future__ import annotations

import json
from pathlib import Path

from tests.train.making import write
from tests.train.rows.samples import LONG, TOOLS, openai, sharegpt
from train.backends.prepare import gather, open_work
from train.job import Job


def test_a_run_on_other_peoples_rows_learns_the_same_and_says_what_it_read(tmp_path: Path, hollow_base: Path) -> None:
    learned, forms = [], []
    for name, rows in {"own": [{"messages": LONG, "tools": TOOLS}], "theirs": [openai()]}.items():
        data = write(tmp_path / f"{name}.jsonl", [*rows, sharegpt()])
        work = open_work(gather(Job(backend="sft", data=data, out=tmp_path / name, base=str(hollow_base))))
        learned.append([(example.ids, example.labels) for example in work.examples])
        forms.append(json.loads((tmp_path / name / "settings.json").read_text(encoding="utf-8"))["data"]["forms"])
    assert learned[0] == learned[1]
    assert forms == [{"messages and tools": 1, "ShareGPT": 1}, {"OpenAI fine-tuning": 1, "ShareGPT": 1}]
