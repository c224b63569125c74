"""Runs: single runs, comparisons of several runs, and the break-even spread."""
