"""Adapters broken on purpose, to see that the gate catches them: by their weights, or by the rows they learn from."""
