"""Decoding by hand, on miniatures of several architectures with random weights; these tests load torch."""

from random import Random
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("one_thread")

VOCABULARY, NEW_TOKENS = 120, 24
STOPS = frozenset(range(3, 9))
KINDS = {
    "window of 2": True, "window of 40": True, "llama": True, "qwen2": True, "qwen2 with a window": True, "qwen3": True,
    "convolutions": False, "recurrent": False, "keys of other layers": False,
}  # fmt: skip
"""Architectures, and whether prompts that begin alike may share what was read of them."""
WINDOW = {"layer_types": ["sliding_attention", "full_attention"] * 2}


def random_model(kind):
    """Four layers with weights large enough that replies differ and some of them stop."""
    import torch
    import transformers

    sizes: dict[str, Any] = {
        "vocab_size": VOCABULARY, "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 4,
        "num_attention_heads": 2, "num_key_value_heads": 1, "pad_token_id": 0, "eos_token_id": None,
        "tie_word_embeddings": False,
    }  # fmt: skip
    gemma = sizes | WINDOW | {"head_dim": 16}
    configs: dict[str, Any] = {
        "window of 2": lambda: transformers.Gemma3TextConfig(**gemma, sliding_window=2),
        "window of 40": lambda: transformers.Gemma3TextConfig(**gemma, sliding_window=40),
        "llama": lambda: transformers.LlamaConfig(**sizes),
        "qwen2": lambda: transformers.Qwen2Config(**sizes),
        "qwen2 with a window": lambda: transformers.Qwen2Config(
            **sizes, use_sliding_window=True, sliding_window=40, max_window_layers=2
        ),
        "qwen3": lambda: transformers.Qwen3Config(**sizes, head_dim=16),
        "convolutions": lambda: transformers.Lfm2Config(**sizes, layer_types=["conv", "full_attention"] * 2),
        "recurrent": lambda: transformers.Qwen3_5TextConfig(
            **sizes,
            head_dim=16,
            layer_types=["linear_attention", "full_attention"] * 2,
            linear_num_key_heads=2,
            linear_num_value_heads=2,
            linear_key_head_dim=8,
            linear_value_head_dim=8,
        ),
        "keys of other layers": lambda: transformers.Gemma4TextConfig(
            **gemma,
            sliding_window=40,
            num_kv_shared_layers=2,
            vocab_size_per_layer_input=VOCABULARY,
            hidden_size_per_layer_input=8,
        ),
    }
    torch.manual_seed(7)
    model = transformers.AutoModelForCausalLM.from_config(configs[kind]()).eval()
    for weight in model.parameters():
        if weight.dim() > 1:
            torch.nn.init.normal_(weight, std=0.25)
    return model


def random_prompts(seed, families=4, alone=5):
    """Token ids: families that share 70 to 110 tokens and go on for 1 to 30, and prompts of their own."""
    random = Random(seed)

    def tokens(low, high):
        return [random.randrange(9, VOCABULARY) for _ in range(random.randint(low, high))]

    shared = [tokens(70, 110) for _ in range(families)]
    prompts = [beginning + tokens(1, 30) for beginning in shared for _ in range(random.randint(2, 5))]
    return prompts + [tokens(1, 90) for _ in range(alone)]


def one_by_one(model, prompt):
    """The reference: `model.generate` alone, and the log-probabilities from one pass over prompt and reply."""
    import torch

    ids = torch.tensor([prompt])
    mask = torch.ones_like(ids)
    out = model.generate(ids, attention_mask=mask, do_sample=False, max_new_tokens=NEW_TOKENS, eos_token_id=list(STOPS))
    reply = out[0, len(prompt) :]
    with torch.inference_mode():
        logprobs = model(out).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
    return reply.tolist(), logprobs.gather(1, reply[:, None])[:, 0].tolist()


def decoded(model, prompts, share=True, rows=8):
    from suite.engine.local.batching import Limits, plan
    from suite.engine.local.decode import Decoder

    decoder = Decoder(model, STOPS)
    batches = plan(prompts, Limits(rows, 4096), new_tokens=NEW_TOKENS, share=share and decoder.can_share)
    written: dict[int, Any] = {}
    for batch in batches:
        written |= dict(zip(batch.rows, decoder.run(prompts, batch, NEW_TOKENS), strict=True))
    return [written[index] for index in range(len(prompts))]


@pytest.mark.parametrize("kind", KINDS)
def test_batches_with_and_without_shared_beginnings_write_what_generate_writes_alone(kind):
    model, prompts = random_model(kind), random_prompts(1)
    wanted = [one_by_one(model, prompt) for prompt in prompts]
    assert {"stop", "length"} == {w.finish for w in decoded(model, prompts)}
    for share in (True, False):
        for written, (ids, logprobs) in zip(decoded(model, prompts, share), wanted, strict=True):
            assert written.ids == ids
            assert written.logprobs == pytest.approx(logprobs, abs=1e-3)
            assert written.finish == ("stop" if ids[-1] in STOPS else "length")


@pytest.mark.parametrize(("kind", "shared"), KINDS.items(), ids=KINDS)
def test_beginnings_are_shared_only_where_the_cache_is_keys_and_values(kind, shared):
    from suite.engine.local.decode import Decoder

    assert Decoder(random_model(kind), STOPS).can_share is shared


def test_a_reply_is_handed_on_as_soon_as_it_ends_and_is_the_same():
    from suite.engine.local.batching import Batch
    from suite.engine.local.decode import Decoder

    model, prompts = random_model("llama"), random_prompts(1)
    batch = Batch(tuple(range(len(prompts))))
    decoder = Decoder(model, STOPS)
    whole = decoder.run(prompts, batch, NEW_TOKENS)
    ending = decoder.finished(prompts, batch, NEW_TOKENS)
    order = [(row, len(written.ids)) for row, written in ending]
    assert sorted(row for row, _ in order) == list(batch.rows)
    assert [length for _, length in order] == sorted(len(written.ids) for written in whole)
    assert len({length for _, length in order}) > 1
