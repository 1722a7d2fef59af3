"""From contracts to judged replies: measured, searched, known, compared. May import `contracts` and `engine`."""
