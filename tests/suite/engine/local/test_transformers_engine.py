"""The real engine, on a miniature of the embedded base; these tests load torch."""

import json
import math
import shutil

import pytest

from fixtures.bases.resolve import TINY
from fixtures.choosing import SeededChooser
from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.grammar.requests import ask
from fixtures.grammar.tools import draw_catalog
from fixtures.types import user
from fixtures.vocab import words
from suite.engine import identify, load_engine
from suite.engine.local.batching import Batch
from suite.engine.local.pool import PooledEngine

pytestmark = pytest.mark.usefixtures("one_thread")


def draw_prompts(catalogs, per_catalog):
    """Prompts as the gate asks them."""
    chooser, form, vocabulary = SeededChooser("engine"), load_format("functiongemma"), words("gate")
    prompts = []
    for _ in range(catalogs):
        tools = draw_catalog(vocabulary, chooser, chooser.integer(1, 3))
        declared = [spoken.tool.declaration() for spoken in tools]
        requests = [ask(chooser.choice(tools), vocabulary, chooser).text for _ in range(per_catalog)]
        prompts += [form.render([user(request)], declared, prompt=True).text for request in requests]
    return prompts


def save_adapter(base, folder, *, targets="all-linear", trained=True):
    """A LoRA as PEFT saves it; `trained` gives lora_B weights that are not zero."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=8, target_modules=targets, task_type="CAUSAL_LM"))
    for name, weight in adapted.named_parameters():
        if trained and "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.05)
    adapted.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def saved_adapter(small_base, tmp_path_factory):
    return save_adapter(small_base, tmp_path_factory.mktemp("adapters") / "good")


@pytest.fixture
def adapter(saved_adapter, tmp_path):
    return shutil.copytree(saved_adapter, tmp_path / "adapter")


def load(adapter, base, dtype="", **options):
    return load_engine(identify(adapter, str(base), None).in_dtype(dtype), **options)


def replies_of(engine, prompts, max_new_tokens=12):
    replies = dict(engine.generate(prompts, max_new_tokens=max_new_tokens))
    return [replies[index] for index in range(len(prompts))]


def with_peft(base, adapter, prompt, stops, max_new_tokens=12):
    """The reference: the adapter on its base as PEFT loads it, alone, by `generate`."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
    if adapter:
        model = PeftModel.from_pretrained(model, adapter)
    inputs = tokenizer(prompt, add_special_tokens=False, return_tensors="pt")
    out = model.generate(**inputs, do_sample=False, max_new_tokens=max_new_tokens, eos_token_id=sorted(stops))
    return tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=False)


def test_the_engine_writes_what_peft_and_generate_write(small_base, adapter):
    engine, prompts = load(adapter, small_base), draw_prompts(3, 3)
    for prompt, reply in zip(prompts, replies_of(engine, prompts), strict=True):
        assert reply.text == with_peft(small_base, adapter, prompt, engine.stops)
        assert all(math.isfinite(logprob) and logprob <= 0 for logprob in reply.logprobs)


def test_every_token_has_its_place_in_the_text(small_base, adapter):
    engine, prompts = load(adapter, small_base), draw_prompts(2, 2)
    for reply in replies_of(engine, prompts):
        assert len(reply.ends) == len(reply.logprobs)
        assert reply.ends[-1] == len(reply.text)
        assert list(reply.ends) == sorted(reply.ends)
        every = reply.likelihood([(0, len(reply.text))])
        assert every == pytest.approx(math.exp(sum(reply.logprobs)))


def test_the_bare_base_answers_otherwise_than_with_the_adapter(small_base, adapter):
    prompts = draw_prompts(1, 2)
    bare = replies_of(load(None, small_base), prompts)
    assert [reply.text for reply in bare] == [with_peft(small_base, None, prompt, {1}) for prompt in prompts]
    assert bare != replies_of(load(adapter, small_base), prompts)


def test_a_reply_ends_with_its_stop_token_or_is_cut_off_at_the_limit(small_base, adapter):
    engine, prompts = load(adapter, small_base), draw_prompts(1, 1)
    [whole] = replies_of(engine, prompts)
    assert (whole.finish, len(whole.logprobs)) == ("length", 12)
    # Not the tokens of the text: what random weights write need not be what the tokenizer would make of it.
    ids = engine.tokenizer(prompts, add_special_tokens=False)["input_ids"]
    third = engine.decoder.run(ids, Batch((0,)), 12)[0].ids[2]
    engine.decoder.stops = frozenset([third])
    [stopped] = replies_of(engine, prompts)
    assert stopped.finish == "stop"
    assert stopped.text.endswith(engine.tokenizer.decode([third]))
    assert len(stopped.logprobs) <= 3


def test_a_reply_does_not_depend_on_its_company_nor_on_the_size_of_batches(small_base, adapter):
    engine, prompts = load(adapter, small_base), draw_prompts(4, 2)
    together = [reply.text for reply in replies_of(engine, prompts)]
    assert together == [replies_of(engine, [prompt])[0].text for prompt in prompts]
    assert together == [r.text for r in replies_of(load(adapter, small_base, batch_tokens=500), prompts)]


def test_the_stops_are_the_formats_and_the_models_own(small_base):
    engine = load(None, small_base)
    stops = {engine.tokenizer.decode([stop]) for stop in engine.stops}
    assert stops == {"<eos>", "<end_of_turn>", "<start_function_response>"}


@pytest.mark.parametrize(("asked", "loaded"), [("", "float32"), ("float32", "float32"), ("bfloat16", "bfloat16")])
def test_weights_are_loaded_in_the_dtype_of_the_target(small_base, asked, loaded):
    engine = load(None, small_base, dtype=asked)
    assert (str(engine.model.dtype), engine.identity.dtype) == (f"torch.{loaded}", loaded)


@pytest.mark.parametrize("dtype", ["auto", "float8"])
def test_an_engine_is_made_in_no_other_dtype(small_base, dtype):
    with pytest.raises(ValueError, match="one of float32, bfloat16, float16"):
        load(None, small_base, dtype=dtype)


def test_a_prompt_that_does_not_fit_is_refused(small_base):
    with pytest.raises(UserError, match="8192 positions"):
        replies_of(load(None, small_base), ["<bos>" + "dim the lobby " * 3_000])


def test_a_base_that_transformers_cannot_load_is_refused(small_base, tmp_path):
    broken = shutil.copytree(small_base, tmp_path / "broken")
    (broken / "config.json").write_text('{"model_type": "no such model"}')
    with pytest.raises(UserError, match="Transformers cannot load"):
        load(None, broken)


def test_a_base_with_broken_numbers_is_refused_and_not_believed(small_base, tmp_path):
    broken = shutil.copytree(small_base, tmp_path / "broken")
    change_weights(broken / "model.safetensors", lambda weights: [w.fill_(math.nan) for w in weights.values()])
    with pytest.raises(UserError, match="not finite"):
        replies_of(load(None, broken), draw_prompts(1, 1))


def change_weights(file, change):
    """Edit a safetensors file's tensors in place."""
    from safetensors.torch import load_file, save_file

    weights = load_file(file)
    change(weights)
    save_file(weights, file, metadata={"format": "pt"})


def change_config(folder, **changes):
    file = folder / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def zeroed(weights):
    for name, weight in weights.items():
        weight.mul_("lora_B" not in name)


def faint(weights):
    for name, weight in weights.items():
        weight.mul_(1e-9 if "lora_B" in name else 1)


def one_infinite(weights):
    next(iter(weights.values()))[0, 0] = math.inf


def without_one_module(weights):
    for name in [name for name in weights if "layers.0.self_attn.k_proj" in name]:
        del weights[name]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (zeroed, "every lora_B is zero"),
        (faint, "it changes nothing"),
        (one_infinite, "not finite: base_model.model.model.layers.0.mlp.down_proj.lora_A.weight"),
        (without_one_module, r"does not have: model.layers.0.self_attn.k_proj"),
    ],
)
def test_weights_that_peft_loads_without_effect_are_refused(small_base, adapter, change, why):
    change_weights(adapter / "adapter_model.safetensors", change)
    with pytest.raises(UserError, match=f"the adapter is not applied: .*{why}"):
        load(adapter, small_base)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"lora_alpha": 0}, "lora_alpha is 0"),
        ({"target_modules": ["q_proj", "v_proj"]}, "leaves out weights that the file has: .* and 17 more"),
        ({"target_modules": ["no_such_module"]}, "PEFT cannot load it"),
    ],
    ids=["alpha", "fewer modules", "no module"],
)
def test_a_config_that_does_not_apply_the_weights_is_refused(small_base, adapter, change, why):
    change_config(adapter, **change)
    with pytest.raises(UserError, match=f"the adapter is not applied: .*{why}"):
        load(adapter, small_base)


def test_an_adapter_on_few_modules_is_fine(small_base, tmp_path):
    few = save_adapter(small_base, tmp_path / "few", targets=["q_proj", "v_proj"])
    assert replies_of(load(few, small_base), draw_prompts(1, 1))


@pytest.mark.model
@pytest.mark.skipif(not (TINY / "model.safetensors").exists(), reason="the embedded base is not trained yet")
def test_the_embedded_base_writes_in_batches_what_it_writes_alone():
    engine, prompts = load(None, "tiny"), draw_prompts(5, 4)
    for prompt, reply in zip(prompts, replies_of(engine, prompts, 48), strict=True):
        assert reply.text == with_peft(TINY, None, prompt, engine.stops, 48)


@pytest.mark.model
def test_several_processes_write_the_replies_of_one(adapter, small_base):
    prompts = draw_prompts(6, 3)
    alone = replies_of(load(adapter, small_base), prompts)
    together = replies_of(PooledEngine(identify(adapter, str(small_base), None), 2), prompts)
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.logprobs == pytest.approx(theirs.logprobs, abs=1e-4)
