"""Phrases for the tools of a catalog, asked of a language model and written for a person to read; no gate does it."""
