"""The forms that rows come in: one module a family, and the registry that knows a row's form by its own keys."""
