"""What the gate said, for people: a terminal summary and one self-contained page."""
