"""Reduction of long series to the points that a chart needs."""
