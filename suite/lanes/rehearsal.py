"""The gate without a model: scripted engines that know every right answer, and break what they are told to break.

For tests of contracts, also of those that users bring, and for measuring what the gate makes of known rates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from fixtures.formats import Format, load_format
from fixtures.types import Case, assistant
from fixtures.vocab import Chooser
from suite.engine import ScriptedEngine
from suite.exam.scene import Scene
from suite.judging.contract import Contract
from suite.outcome import Identity
from suite.reply import Generation

Answer = Callable[[Case], str]
STRANGE = "What do you mean?<end_of_turn>"


def identity(name: str = "scripted", form: str = "functiongemma") -> Identity:
    """Whom the results name as gated; there are no weights, so the digests are made up."""
    return Identity("tiny", "b" * 16, name, name[:16], form, load_format(form).digest)


def write(form: Format, case: Case, message: dict[str, object]) -> str:
    """The reply that a model would give to say this message."""
    tools = case.catalog.declarations()
    prompt = form.render(case.messages, tools, prompt=True).text
    return form.render([*case.messages, message], tools).text[len(prompt) :].rstrip("\n")


def right(case: Case, form: Format | None = None, confidence: float = 1.0) -> str:
    """The right reply, by the case's own oracle."""
    text = "" if case.oracle.calls else "None of these tools can do that."
    return write(form or load_format("functiongemma"), case, dict(assistant(case.oracle.calls or (), text, confidence)))


def scripted(
    contracts: Sequence[Contract],
    answer: Answer = right,
    *,
    form: str = "functiongemma",
    likelihood: float = 0.0,
    own: Sequence[Case] = (),
) -> tuple[ScriptedEngine, tuple[Contract, ...]]:
    """An engine that answers each case with `answer(case)`, and the contracts to give to the gate with it.

    The contracts draw as ever, but tell the engine of each case they draw, so that it knows what a prompt is about.
    It knows the `own` cases too. What it was not told of (a case that was made smaller, one from an earlier run) gets
    `STRANGE` for an answer.
    """
    wire = load_format(form)

    def prompt(case: Case) -> str:
        return wire.render(case.messages, case.catalog.declarations(), prompt=True).text

    book = {prompt(case): case for case in own}

    def watched(contract: Contract) -> Contract:
        def draw(scene: Scene, chooser: Chooser) -> Case:
            case = contract.draw(scene, chooser)
            for asked in (case, *([case.variant.case] if case.variant else [])):
                book[prompt(asked)] = asked
            return case

        draw.__name__ = contract.draw.__name__
        return replace(contract, draw=draw)

    def reply(text: str) -> Generation:
        return Generation(answer(book[text]) if text in book else STRANGE, (likelihood,), "stop")

    return ScriptedEngine(reply, format=wire, identity=identity(form=form)), tuple(map(watched, contracts))
