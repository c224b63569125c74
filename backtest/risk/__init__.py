"""Functions on arrays: risk of a portfolio, contributions of its positions, and portfolios with given risk budgets."""

from backtest.risk.measures.contributions import (
    marginal_risk_contributions,
    percentage_contributions,
    portfolio_volatility,
    risk_contributions,
    sleeve_covariance,
)
from backtest.risk.measures.correlation import volatilities
from backtest.risk.measures.diversification import diversification_ratio, effective_number_of_bets
from backtest.risk.solvers.bounded import WeightBounds, bounded_risk_parity_weights
from backtest.risk.solvers.budgeting import RiskBudgetSolution, risk_parity_weights, solve_risk_budgets
from backtest.risk.solvers.hierarchical import Linkage, hierarchical_risk_parity_weights
from backtest.risk.solvers.least_variance import maximum_diversification_weights, minimum_variance_weights
from backtest.risk.solvers.shortfall_budgeting import (
    gaussian_shortfall_parity_weights,
    historical_shortfall_parity_weights,
)
from backtest.risk.solvers.variance_weighting import inverse_variance_weights
from backtest.risk.volatility_scaling import (
    apply_multiples,
    multiples_to_volatility,
    sample_volatility,
    scale_to_volatility,
    smooth_multiples,
)

__all__ = [
    "Linkage",
    "RiskBudgetSolution",
    "WeightBounds",
    "apply_multiples",
    "bounded_risk_parity_weights",
    "diversification_ratio",
    "effective_number_of_bets",
    "gaussian_shortfall_parity_weights",
    "hierarchical_risk_parity_weights",
    "historical_shortfall_parity_weights",
    "inverse_variance_weights",
    "marginal_risk_contributions",
    "maximum_diversification_weights",
    "minimum_variance_weights",
    "multiples_to_volatility",
    "percentage_contributions",
    "portfolio_volatility",
    "risk_contributions",
    "risk_parity_weights",
    "sample_volatility",
    "scale_to_volatility",
    "sleeve_covariance",
    "smooth_multiples",
    "solve_risk_budgets",
    "volatilities",
]
