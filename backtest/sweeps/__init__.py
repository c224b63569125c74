"""Sweeps: many runs of one configuration with varied settings, and what trying many does to the best."""
