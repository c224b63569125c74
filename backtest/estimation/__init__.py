"""Covariance estimators: from excess returns to a stack of matrices, one for each date (pure functions on arrays)."""
