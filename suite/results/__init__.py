"""The results file, and the words that people read of what is in it. May import `outcome` and `settings`."""
