"""Results of a run, and pure functions that measure them."""

from backtest.analysis.result import BacktestResult

__all__ = ["BacktestResult"]
