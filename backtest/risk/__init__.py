"""Risk of a portfolio, what each position adds to it, and the portfolios of given risk budgets: functions on arrays."""

from backtest.risk.budgeting import risk_parity_weights
from backtest.risk.contributions import (
    marginal_risk_contributions,
    percentage_contributions,
    portfolio_volatility,
    risk_contributions,
    sleeve_covariance,
)
from backtest.risk.diversification import diversification_ratio, effective_number_of_bets

__all__ = [
    "diversification_ratio",
    "effective_number_of_bets",
    "marginal_risk_contributions",
    "percentage_contributions",
    "portfolio_volatility",
    "risk_contributions",
    "risk_parity_weights",
    "sleeve_covariance",
]
