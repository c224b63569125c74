"""Grids of settings: values of a sweep, and the runs that they combine to."""
