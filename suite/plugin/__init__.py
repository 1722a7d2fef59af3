"""The gate inside pytest: what is collected, run and shown. May import everything of `suite`; nobody imports it but
callproof.py, once there is an adapter to gate.
"""

from __future__ import annotations

from suite.plugin.session import start

__all__ = ["start"]
