"""Risk contributions and the portfolios of given risk budgets: pure functions on arrays."""

from backtest.risk.budgeting import risk_parity_weights
from backtest.risk.contributions import portfolio_volatility, risk_contributions

__all__ = ["portfolio_volatility", "risk_contributions", "risk_parity_weights"]
