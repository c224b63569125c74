"""Decisions: the settings they depend on, and work that decisions under different settings share."""
