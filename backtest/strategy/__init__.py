"""What a strategy is, what it is shown, and how it is found and asked."""

from backtest.errors import InsufficientHistory, StrategyError
from backtest.strategy.allocation import spread_over_classes
from backtest.strategy.base import Strategy
from backtest.strategy.view import MarketView, MarketViews

__all__ = ["InsufficientHistory", "MarketView", "MarketViews", "Strategy", "StrategyError", "spread_over_classes"]
