"""Nights: the user's own adapters gated again and again, kept one file a night, and what moved between them.

May import `suite` and `fixtures`, and of `reports` what makes pages.
"""
