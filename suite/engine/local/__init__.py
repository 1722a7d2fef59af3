"""A model on this machine that answers: batches, decoding, and processes side by side."""
