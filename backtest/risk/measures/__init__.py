"""Risk measures of a portfolio and the contributions of its positions."""
