"""Dates: frequencies, spacing, months and years, and dates that several runs share."""
