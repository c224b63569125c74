"""Metrics: numbers of one result."""
