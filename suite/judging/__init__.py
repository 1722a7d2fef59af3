"""What a contract is, what its predicates are made of, and what was judged. May import `exam` and what is below it."""
