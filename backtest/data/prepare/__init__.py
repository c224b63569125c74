"""Preparation of series: from the cells of a source to aligned levels, rates and returns."""
