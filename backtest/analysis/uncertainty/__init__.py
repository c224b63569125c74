"""Uncertainty: bootstrap intervals and tests of differences."""
