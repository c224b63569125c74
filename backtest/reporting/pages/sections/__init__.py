"""Sections of a page, each from a table of `analysis`."""
