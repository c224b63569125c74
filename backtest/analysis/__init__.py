"""Numbers from a simulation: `BacktestResult` and the measures on it (pure functions)."""

from backtest.analysis.result import BacktestResult

__all__ = ["BacktestResult"]
