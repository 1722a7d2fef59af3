"""What is gated: base, adapter, format and calibrator, by names and hashes."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from fixtures.bases import resolve_base
from suite.calibration import Calibrator
from suite.engine import identify
from suite.engine.store import reply_key
from tests.suite.engine.target.conftest import RANK, refusal, write_config, write_manifest


def test_a_foreign_adapter_says_its_base_and_speaks_functiongemma(adapter, base):
    target = identify(adapter, None, None)
    assert (target.base, target.adapter) == (resolve_base(str(base)), adapter)
    assert (target.identity.base, target.identity.adapter) == (str(base), str(adapter))
    assert target.format.name == target.identity.format == "functiongemma"
    assert len(target.identity.adapter_digest) == 16


def test_the_manifest_says_base_and_format_and_the_caller_wins(adapter, base):
    write_config(adapter, base_model_name_or_path="somewhere/else")
    write_manifest(adapter, base=str(base), base_digest=resolve_base(str(base)).digest, format="intent_json")
    assert identify(adapter, None, None).format.name == "intent_json"
    assert identify(adapter, str(base), "functiongemma").format.name == "functiongemma"


def test_a_run_folder_means_the_adapter_in_it(adapter, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    adapter.rename(run / "adapter")
    target = identify(run, None, None)
    assert target.adapter == run / "adapter"
    assert target.identity.adapter == str(run)


def test_no_adapter_is_the_bare_base(base):
    target = identify(None, str(base), None)
    assert target.adapter is None
    assert (target.identity.adapter, target.identity.adapter_digest) == ("none", "none")


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_the_adapter_digest_changes_with_config_and_weights(adapter, name):
    before = identify(adapter, None, None).identity.adapter_digest
    if name == "adapter_config.json":
        write_config(adapter, base_model_name_or_path=str(adapter.parent / "base"), lora_alpha=99)
    else:
        save_file(load_file(adapter / name) | {"base_model.model.model.layers.0.mlp.down_proj.lora_A.weight":
                  np.ones((RANK, 32), np.float32)}, adapter / name)  # fmt: skip
    assert identify(adapter, None, None).identity.adapter_digest != before


def store_calibrator(adapter, **changes):
    who = identify(adapter, None, None, calibrated=False).identity
    digests = {name: getattr(who, name) for name in ("adapter_digest", "base_digest", "format_digest")}
    return Calibrator("temperature", "likelihood", temperature=2.0, identity=digests | changes).write(adapter)


def test_a_calibrator_is_found_and_changes_nothing_that_replies_depend_on(adapter):
    without = identify(adapter, None, None)
    assert without.calibrator is None
    store_calibrator(adapter)
    found = identify(adapter, None, None)
    assert found.calibrator is not None
    assert found.calibrator.temperature == 2.0
    assert found.identity == without.identity
    keys = {reply_key(t.identity, max_new_tokens=9, prompt="p") for t in (without, found)}
    assert len(keys) == 1


@pytest.mark.parametrize("name", ["adapter", "base", "format"])
def test_a_calibrator_of_something_else_is_refused_unless_it_is_to_be_made_anew(adapter, name):
    store_calibrator(adapter, **{f"{name}_digest": "0" * 16})
    told = refusal(adapter)
    assert f"fitted for the {name} with hash {'0' * 16}" in told
    assert "python -m train calibrate" in told
    assert identify(adapter, None, None, calibrated=False).calibrator is None


def test_a_calibrator_fitted_in_another_format_is_refused(adapter):
    store_calibrator(adapter)
    assert "fitted for the format" in refusal(adapter, format="intent_json")
