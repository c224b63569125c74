"""Figures: static images drawn with matplotlib."""
