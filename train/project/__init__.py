"""A project from the user's own rows: split by request, a catalog, `[tool.callproof]`. May import what is below the
commands around training."""
