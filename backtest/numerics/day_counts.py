"""Day counts: days in a year of interest and in a year of fees, for all parts of a run."""

INTEREST_YEAR = 360
"""Calendar days in a year of loans, shorts, free cash and swaps (act/360); see docs/conventions/financing.md."""

FEE_YEAR = 365
"""Calendar days in a year of fees and expense ratios (act/365); see docs/conventions/costs.md."""
