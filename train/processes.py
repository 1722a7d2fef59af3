"""Several processes, as `torchrun --nproc-per-node N -m train BACKEND ...` starts them: one speaks for all."""

from __future__ import annotations

import os

from fixtures.errors import UserError

_RANK, _COUNT = "RANK", "WORLD_SIZE"
"""Set by torchrun, and read by accelerate too; absent where there is one process only."""


def is_main() -> bool:
    """Whether this process makes files and tells people what goes on; the others only compute."""
    return os.environ.get(_RANK, "0") == "0"


def check_alone(backend: str) -> None:
    """Raise UserError if there are several processes, for a backend that cannot share its work among them."""
    count = os.environ.get(_COUNT, "1")
    if count != "1":
        raise UserError(f"train {backend}", f"it was started in {count} processes, and runs in one", hint="no torchrun")
