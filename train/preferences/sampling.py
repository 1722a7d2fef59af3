"""Replies of an adapter to training prompts, several a prompt at a temperature, in the batches of the gate's engine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fixtures.cores import FLOAT32
from fixtures.formats.wire import Tools
from fixtures.progress import Replies
from suite.engine.target.identify import Target
from suite.lanes.asking import MAX_NEW_TOKENS
from suite.reply import Reply

if TYPE_CHECKING:
    from suite.engine.local.decode import Choose

NO_CHOICE = 0.0
"""The temperature at which nothing is left to chance: the replies that the gate sees."""


def sample(
    target: Target,
    prompts: Sequence[str],
    *,
    k: int,
    temperature: float,
    seed: int,
    threads: int = 0,
    tools: Sequence[Tools] = (),
) -> list[list[Reply]]:
    """`k` replies to each prompt, as the target's format reads them; the same for the same seed on one machine.

    `threads` of the CPU; 0 leaves it to torch. `tools` are those that each prompt declares, for formats whose values
    have no types without them. Copies of a prompt stand in one batch as a family, so it is read once. Log-probabilities
    are those of the model, not of the distribution at that temperature. Raises UserError for an adapter that is not
    applied.
    """
    # Not at the top: these load torch.
    import torch

    from suite.engine.local.decode import Decoder
    from suite.engine.local.transformers_engine import TransformersEngine, load

    if threads:
        torch.set_num_threads(threads)
    engine = load(target.in_dtype(FLOAT32), batch_tokens=None)
    assert isinstance(engine, TransformersEngine)
    if temperature > NO_CHOICE:
        engine.decoder = Decoder(engine.model, engine.stops, dice(temperature, seed, engine.model.device))
    copies = [prompt for prompt in prompts for _ in range(k)]
    replies: dict[int, Reply] = {}
    counter = Replies(sys.stderr)
    for index, generation in engine.generate(copies, max_new_tokens=MAX_NEW_TOKENS):
        replies[index] = Reply(generation, target.format.parse(generation.text, tools[index // k] if tools else ()))
        counter.show("replies", len(replies), len(copies))
    return [[replies[number * k + copy] for copy in range(k)] for number in range(len(prompts))]


def dice(temperature: float, seed: int, device: object = "cpu") -> Choose:
    """Chooses each row's next token as often as the model's distribution at this temperature says."""
    import torch

    generator = torch.Generator(str(device)).manual_seed(seed)

    def choose(logits: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        wide = logits.float()
        # The largest of logits with Gumbel noise is a draw from their softmax; -log(-log(u)) is such noise.
        noise = torch.rand(wide.shape, generator=generator, device=generator.device).clamp(min=1e-20)
        chosen = (wide / temperature - (-noise.log()).log()).argmax(dim=-1)
        logprobs = wide.gather(-1, chosen[:, None])[:, 0] - wide.logsumexp(dim=-1)
        return chosen, logprobs

    return choose
