"""Runs: from a configuration to a result, comparisons of several runs, and the break-even spread."""
