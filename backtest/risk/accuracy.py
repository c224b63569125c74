"""Accuracies that the risk solvers promise, and tolerances for the budgets and covariances that they accept."""

BUDGET_ACCURACY = 1e-10
"""Largest |share of risk - budget| / budget of the weights that `risk_parity_weights` returns."""

BUDGET_SUM_TOLERANCE = 1e-9
"""Largest |Σb - 1|: the rounding of budgets that a user writes with ten digits. They are then scaled to exactly 1."""

COVARIANCE_TOLERANCE = 1e-9
"""Largest difference of two correlations that should be equal, excess of one over 1, and eigenvalue below zero.

The rounding of a product VΛVᵀ is 1e-16 of its largest entries. That is 1e-10 of its smallest entries if volatilities
differ by a factor of 1000.
"""

VARIANCE_ROUNDING = 1e-9
"""Largest negative variance of a portfolio that counts as zero, as a fraction of Σ|w_i Σ_ij w_j|.

It covers the rounding of the covariance, for which `COVARIANCE_TOLERANCE` holds, and of the sum.
"""
