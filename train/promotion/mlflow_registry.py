"""A promoted folder as a version of a model in an MLflow registry, with the alias `champion` on it."""

from __future__ import annotations

import importlib
from typing import Any

from fixtures.errors import UserError
from train.promotion.verify import Verified

ALIAS = "champion"
EXPERIMENT = "callproof promotions"
FOLDER = "adapter"
_RECORD = "callproof.record"


def register(found: Verified, uri: str) -> str:
    """The number of the version that has the alias now: a new one, or that which has this very record already."""
    client = _client(uri)
    errors = importlib.import_module("mlflow.exceptions")
    name = str(found.said["name"])
    try:
        version = _version_of(client, name, found.record) or _new_version(client, found, name)
        client.set_registered_model_alias(name, ALIAS, version)
    except (errors.MlflowException, OSError) as error:
        raise UserError(f"--to-mlflow {uri}", f"the server did not take it: {error}") from error
    return version


def _client(uri: str) -> Any:
    try:
        mlflow = importlib.import_module("mlflow")
    except ImportError:
        raise UserError("--to-mlflow", "MLflow is not installed", hint='pip install "callproof[mlflow]"') from None
    return mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)


def _version_of(client: Any, name: str, record: str) -> str:
    """The version with this record, if there is one; empty if not."""
    found = client.search_model_versions(f"name='{name}'")
    return next((str(one.version) for one in found if one.tags.get(_RECORD) == record), "")


def _new_version(client: Any, found: Verified, name: str) -> str:
    """Upload the folder as artifacts of a run, and make a version of it."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    number = experiment.experiment_id if experiment else client.create_experiment(EXPERIMENT)
    said, predicate = found.said, found.statement["predicate"]
    tags = {
        _RECORD: found.record, "callproof.release": found.folder.name, "callproof.result": predicate["result"],
        "callproof.adapter": said["adapter"]["digest"], "callproof.base": said["base"]["name"],
        "callproof.signed": found.key or "no",
    }  # fmt: skip
    run = client.create_run(number, tags=tags, run_name=f"{name} {found.folder.name}")
    client.log_artifacts(run.info.run_id, str(found.folder), FOLDER)
    client.set_terminated(run.info.run_id)
    if not client.search_registered_models(f"name='{name}'"):
        client.create_registered_model(name)
    source = f"{run.info.artifact_uri}/{FOLDER}"
    return str(client.create_model_version(name, source, run.info.run_id, tags=tags).version)
