"""Corrections for selection: what choosing the best of many trials does to its Sharpe ratio."""
