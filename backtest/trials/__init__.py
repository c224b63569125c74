"""Ledger of the trials of a project: which rules have been run, and what their number does to the best of them."""
