"""Comparison of several results over the same dates."""
