"""`python -m train push NAME`: hand what serves under a name to where others look for it, once it was verified.

What is handed on is a copy that was verified itself: what lies in the registry may be changed between a check and an
upload. Whoever loads it from there checks it again, with `train verify FOLDER --key`.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fixtures.errors import UserError
from train.promotion import keys, mlflow_registry
from train.promotion.keys import Trust
from train.promotion.shelf import Shelf
from train.promotion.verify import Verified, verify_folder, verify_name
from train.screen import say

ABOUT = "hand a promoted adapter to the Hugging Face hub or to an MLflow registry"


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="a name of the registry")
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument("--to-hub", metavar="REPO", help="USER/REPO of the Hugging Face hub; made private if there is none")
    to.add_argument("--to-mlflow", metavar="URI", help="an MLflow server; the alias there is `champion`")
    parser.add_argument("--registry", type=Path, default=Path("registry"), help="where names live (default: registry)")
    parser.add_argument("--key", type=Path, metavar="FILE", help="trust this public key, and no other")
    parser.add_argument("--unsigned", action="store_true", help="take what bears no signature, too")


def main(options: argparse.Namespace) -> int:
    """Push; 0 once all of it is there, else an error."""
    trust = keys.trust(keys.folder(), key=options.key, unsigned=options.unsigned)
    with verified_copy(Shelf(options.registry, options.name), trust, datetime.now(UTC)) as found:
        if options.to_hub:
            say(f"{found.said['name']} is at {to_hub(found, options.to_hub)}")
        else:
            version = mlflow_registry.register(found, options.to_mlflow)
            say(f"{found.said['name']} is models:/{found.said['name']}@{mlflow_registry.ALIAS}, version {version}")
    return 0


@contextmanager
def verified_copy(shelf: Shelf, trust: Trust, now: datetime) -> Iterator[Verified]:
    """What serves under a name, as a copy that nobody else writes to; UserError unless it may serve."""
    serving = verify_name(shelf, trust, now)
    with TemporaryDirectory(prefix="callproof-") as folder:
        copy = Path(folder) / serving.folder.name
        shutil.copytree(serving.folder, copy, symlinks=True)
        yield replace(verify_folder(copy, trust, serving.record), folder=copy)


def to_hub(found: Verified, repo: str) -> str:
    """Make the repository hold the files of this folder and no others, in one commit; returns its address."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OfflineModeIsEnabled

    api, release, adapter = HfApi(), found.folder.name, found.said["adapter"]["digest"]
    try:
        api.create_repo(repo, private=True, exist_ok=True)
        done = api.upload_folder(
            repo_id=repo,
            folder_path=found.folder,
            delete_patterns="*",
            commit_message=f"{found.said['name']}, release {release}",
            commit_description=f"Promoted by callproof: adapter {adapter}, record {found.record}.",
        )
    except HFValidationError as error:
        raise UserError("--to-hub", str(error), allowed="USER/REPO") from None
    except OfflineModeIsEnabled:
        raise UserError("--to-hub", "the hub is switched off", hint="unset HF_HUB_OFFLINE") from None
    except LocalTokenNotFoundError as error:
        raise UserError("--to-hub", str(error), hint="hf auth login, or HF_TOKEN") from None
    except (HfHubHTTPError, OSError) as error:
        hint = "is the token one that may write there? hf auth login, or HF_TOKEN"
        raise UserError(f"--to-hub {repo}", f"the hub did not take it: {error}", hint=hint) from error
    return str(done.commit_url)
