"""An adapter that callproof did not make is asked in the format of the chat template beside it."""

import json

import pytest

from fixtures.errors import UserError
from fixtures.formats import load_format
from fixtures.formats.found import Given
from suite.engine import identify
from tests.fixtures.formats.found.templates import HERMES, SILENT, XML
from tests.suite.engine.target.conftest import refusal, write_manifest


@pytest.fixture
def theirs(adapter):
    """An adapter with a tokenizer and a template, as trainers save them."""
    tokens = [{"id": 1, "content": "<s0>", "special": True}, {"id": 2, "content": "<s1>", "special": True}]
    (adapter / "tokenizer.json").write_text(json.dumps({"added_tokens": tokens}))
    (adapter / "tokenizer_config.json").write_text(json.dumps({"eos_token": {"content": "<s1>"}, "bos_token": None}))
    (adapter / "chat_template.jinja").write_text(HERMES)
    return adapter


def test_an_adapter_made_elsewhere_is_asked_in_its_own_format_with_no_option(theirs):
    target = identify(theirs, None, None)
    form = target.format
    assert (form.name, form.family, form.stops, form.losses) == ("auto", "tagged_json", ("<s1>",), ())
    assert form.control_tokens == ("<s0>", "<s1>")
    assert str(theirs / "chat_template.jinja") in target.format_from
    assert target.bare.format == form
    assert target.identity.format_digest == form.digest
    assert target.identity.template == target.bare.identity.template == "the adapter's chat_template.jinja"


def test_the_same_adapter_with_a_template_that_drops_calls_is_refused_by_the_traps_name(theirs):
    (theirs / "chat_template.jinja").write_text(SILENT)
    assert "writes nothing for a call" in refusal(theirs)


def test_a_template_in_the_tokenizers_settings_counts_like_one_beside_them(theirs):
    (theirs / "chat_template.jinja").unlink()
    named = [{"name": "default", "template": SILENT}, {"name": "tool_use", "template": HERMES}]
    (theirs / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<s1>", "chat_template": named}))
    assert identify(theirs, None, None).format.family == "tagged_json"


def test_two_templates_that_differ_are_named_and_none_is_taken(theirs):
    (theirs / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<s1>", "chat_template": XML}))
    told = refusal(theirs)
    assert "two chat templates that differ" in told
    assert "chat_template.jinja" in told
    assert "tokenizer_config.json" in told
    given = Given(chat_template=str(theirs / "chat_template.jinja"))
    target = identify(theirs, None, None, given=given)
    assert target.format.family == "tagged_json"
    assert target.identity.template == f"--chat-template {given.chat_template}"


def test_without_one_of_its_own_the_bases_template_counts(adapter, base):
    (base / "chat_template.jinja").write_text(XML)
    (base / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<s1>"}))
    target = identify(adapter, None, None)
    assert target.format.family == "tagged_args"
    assert target.identity.template == identify(None, str(base), "auto").identity.template
    assert target.identity.template == "the base's chat_template.jinja"


def test_a_shipped_template_is_the_shipped_format(theirs):
    form = load_format("hermes")
    (theirs / "chat_template.jinja").write_text(form.chat_template)
    target = identify(theirs, None, None)
    assert target.format == form
    assert target.identity.template == "the adapter's chat_template.jinja"


def test_what_callproof_made_has_the_format_that_it_says(theirs):
    write_manifest(theirs, format="intent_json")
    target = identify(theirs, None, None)
    assert (target.format.name, target.identity.template) == ("intent_json", "")
    assert identify(theirs, None, "auto").format.name == "auto"


def test_without_any_template_auto_has_to_be_given_one(adapter):
    assert identify(adapter, None, None).format.name == "functiongemma"
    assert "no chat template" in refusal(adapter, None, "auto")


def test_what_is_given_to_a_template_wants_a_format_that_is_found(theirs):
    with pytest.raises(UserError, match="--format auto"):
        identify(theirs, None, "hermes", given=Given(system="Be brief."))
    found = identify(theirs, None, None, given=Given(system="Be brief.", template_kwargs='{"mood": "calm"}')).format
    assert (found.developer, found.keywords) == ("Be brief.", {"mood": "calm"})


@pytest.mark.parametrize("said", ["{", "[1]", '{"messages": []}'])
def test_what_is_given_to_a_template_is_an_object_without_the_gates_own_words(theirs, said):
    with pytest.raises(UserError, match="--template-kwargs"):
        identify(theirs, None, None, given=Given(template_kwargs=said))


def test_a_template_file_that_is_not_there_is_said(theirs):
    with pytest.raises(UserError, match="no such file"):
        identify(theirs, None, None, given=Given(chat_template=str(theirs / "none.jinja")))
