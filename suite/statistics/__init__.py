"""From counts to intervals, tests and verdicts; pure. May import `outcome` and the words of `results`."""
