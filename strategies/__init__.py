"""Strategies that come with the project: one file and one class each."""
