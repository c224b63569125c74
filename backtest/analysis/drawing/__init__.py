"""Reduction of long series to the points that a drawing needs."""
