"""Rows to train on: reading them, what is wrong with them, what they teach, and their tokens and masks."""
