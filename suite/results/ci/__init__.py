"""What continuous integration reads of a gate: JUnit properties, a job's summary, lines that name what closes it."""
