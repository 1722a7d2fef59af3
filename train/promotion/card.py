"""The model card of a promoted folder, as the Hugging Face hub reads it: what it is for, what was measured, its limits.

It is written before the record, which has the card's hash and names itself in it by its file alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.printing import one_line
from suite.outcome import ContractResult, Interval, Results
from suite.results.wording import percent, percent_down, percent_seen
from train.promotion.record import Facts
from train.promotion.shelf import RECORD, RESULTS

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

_CARD = """# {name}

A LoRA adapter that turns requests into function calls, for the base `{base}`. It was promoted on {day} by
[callproof](https://pypi.org/project/callproof/), a release gate for such adapters, which asked it about inputs that
nobody wrote by hand.

## Intended use

Calls of the tools of these catalogs, and of tools like them: {catalogs}. Replies are in the format `{format}`; the
prompts that it was gated on are those of `chat_template.jinja` beside this card.{opening} A reply ends at {stops}.

## What was measured

| contract | gates | verdict | held | 95 % interval | cases |
| --- | --- | --- | --- | --- | --- |
{rows}

Seed {seed}, at most {budget} model calls a contract. The gate accepts an adapter of which a rate is too low with a
probability of at most {beta}, and rejects one whose every rate is acceptable with at most {alpha}. All figures, with
counterexamples, stand in `{results}`.

## Limits

Nothing is known of tools, languages and formats that the table does not cover, nor of engines that sample, quantise or
write the prompt otherwise. A contract without "yes" was measured and did not gate. {weak}

## How to serve it

Check it first, with the public key of whoever promoted it: `python -m train verify FOLDER --key key.pub.json`. Then any
server that takes PEFT adapters loads the folder; in Python:

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = "FOLDER"
base = AutoModelForCausalLM.from_pretrained("BASE")  # {base}, content hash {base_digest}
model = PeftModel.from_pretrained(base, folder)
tokenizer = AutoTokenizer.from_pretrained(folder)
```

## How it was made

Trained by {backend} on data of hash {data}. `{record}` is the signed record: an in-toto statement over every file of
this folder.
"""

_OPENING = ' Each conversation opens with the developer message "{}".'


def card_of(results: Results, facts: Facts) -> str:
    """The README.md of a promoted folder."""
    from huggingface_hub import ModelCard, ModelCardData

    identity = results.identity
    data = ModelCardData(
        model_name=facts.name,
        # The hub takes ids only; a folder or the embedded base is none.
        base_model=identity.base if "/" in identity.base and not identity.base.startswith((".", "/")) else None,
        library_name="peft",
        pipeline_tag="text-generation",
        tags=["callproof", "function-calling", "lora"],
        eval_results=[found for contract in results.contracts if (found := _eval_result(contract, results))] or None,
    )
    lost = [c.name for c in results.contracts if not c.bar.gating and c.held_rate and c.held_rate.estimate < 0.5]
    text = _CARD.format(
        name=facts.name,
        base=_text(identity.base),
        base_digest=identity.base_digest,
        day=facts.now.date().isoformat(),
        catalogs=", ".join(f"`{_text(name)}`" for name in results.catalogs) or "none named",
        format=identity.format,
        opening=_OPENING.format(_text(facts.developer)) if facts.developer else "",
        stops=" or ".join(f"`{stop}`" for stop in facts.stops) or "the end token",
        rows="\n".join(map(_row, results.contracts)),
        seed=results.seed,
        budget=results.budget,
        beta=percent(results.risks["beta"]),
        alpha=percent(results.risks["alpha"]),
        results=RESULTS,
        weak=f"It is held in fewer than half of the cases for: {', '.join(lost)}." if lost else "",
        backend=_text(str(facts.manifest.get("backend", "a backend that is not known"))),
        data=_text(str(facts.manifest.get("data_digest", "(not known)"))),
        record=RECORD,
    )
    return str(ModelCard(f"---\n{data.to_yaml()}\n---\n\n{text}"))


def _row(contract: ContractResult) -> str:
    rate = contract.held_rate
    held, interval = (percent_seen(rate.estimate), _interval(rate)) if rate else ("-", "-")
    gates = "yes" if contract.bar.gating else "no"
    cells = (_text(contract.name), gates, contract.verdict.name, held, interval, str(contract.tally.trials))
    return f"| {' | '.join(cells)} |"


def _interval(rate: Interval) -> str:
    return f"{percent_down(rate.low)} to {percent_seen(rate.high)}"


def _eval_result(contract: ContractResult, results: Results) -> EvalResult | None:
    """One entry of the card's model-index: how often the contract held, by callproof's own draw."""
    from huggingface_hub import EvalResult

    rate = contract.held_rate
    if rate is None:
        return None
    return EvalResult(
        task_type="text-generation",
        task_name="function calling",
        dataset_type="callproof",
        dataset_name=f"callproof, seed {results.seed}: {', '.join(results.catalogs) or 'drawn catalogs'}",
        metric_type="held_rate",
        metric_name=contract.name,
        metric_value=rate.estimate,
        metric_args={
            "low": rate.low, "high": rate.high, "level": rate.level, "cases": contract.tally.trials,
            "verdict": contract.verdict.name,
        },
    )  # fmt: skip


def _text(text: str) -> str:
    """Text from outside as a word of Markdown: it breaks no line, no table and no code."""
    return one_line(text).replace("|", "\\|").replace("`", "'").replace("<", "&lt;")
