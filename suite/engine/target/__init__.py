"""What is gated: from a path to a base and an adapter, whether they can be loaded, and whether it is applied."""
