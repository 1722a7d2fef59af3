"""An adapter that was trained in a found format is asked in that one, whatever would be found by now."""

import json

import pytest

from fixtures.formats.found import Given, find_format, record
from fixtures.formats.served import served_template
from suite.engine import identify
from tests.fixtures.formats.found.templates import HERMES, SILENT, XML, source
from tests.suite.engine.target.conftest import refusal, write_manifest


@pytest.fixture
def trained(adapter):
    """An adapter with its found format in callproof.json, and the template for servers beside it."""
    form = find_format(source(HERMES, keywords={"depth": 2}, system="Be brief."))
    write_manifest(adapter, format="auto", found=record(form))
    (adapter / "chat_template.jinja").write_text(served_template(form))
    return adapter, form


def test_the_format_is_the_one_that_was_kept(trained):
    adapter, form = trained
    for asked in (None, "auto"):
        target = identify(adapter, None, asked)
        assert target.format == form
        assert target.identity.format_digest == form.digest
        assert target.format_from == "callproof.json says so"


def test_without_a_template_for_servers_it_is_the_same(trained):
    adapter, form = trained
    (adapter / "chat_template.jinja").unlink()
    assert identify(adapter, None, None).format == form


def test_another_template_in_the_folder_is_refused(trained):
    adapter, _ = trained
    (adapter / "chat_template.jinja").write_text(SILENT)
    assert "the chat template beside it writes something else" in refusal(adapter)


def test_a_record_that_was_changed_is_refused_by_the_place_where_it_stands(trained):
    adapter, _ = trained
    manifest = json.loads((adapter / "callproof.json").read_text())
    manifest["found"]["system"] = manifest["found"]["developer"] = "Be chatty."
    (adapter / "callproof.json").write_text(json.dumps(manifest))
    assert refusal(adapter).startswith(f"{adapter / 'callproof.json'} found\n")


def test_a_template_that_is_given_counts_instead(trained, tmp_path):
    adapter, _ = trained
    (tmp_path / "other.jinja").write_text(XML)
    given = Given(chat_template=str(tmp_path / "other.jinja"))
    (adapter / "tokenizer_config.json").write_text(json.dumps({"eos_token": "<s1>"}))
    assert identify(adapter, None, None, given=given).format.family == "tagged_args"
