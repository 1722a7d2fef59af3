"""See `worker.py`; apart from it, so that what it sends is of the module that the other side imports."""

from __future__ import annotations

import sys

from suite.engine.local.worker import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
