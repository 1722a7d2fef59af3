"""What trains: one file a trainer, and what they share. May import `rows` and `preferences`."""
