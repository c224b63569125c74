"""Strategy interface: the base class, the view of the market, and the discovery and calls of strategies."""

from backtest.errors import InsufficientHistory, StrategyError
from backtest.strategy.allocation import Weights, check_bounds, spread_over_classes, weight_bounds
from backtest.strategy.base import Strategy
from backtest.strategy.budgets import Budgets, GroupBudget, asset_budgets, check_budgets
from backtest.strategy.scaling import GrossExposure, TargetVolatility, Volatility
from backtest.strategy.view import MarketView, MarketViews

__all__ = [
    "Budgets",
    "GrossExposure",
    "GroupBudget",
    "InsufficientHistory",
    "MarketView",
    "MarketViews",
    "Strategy",
    "StrategyError",
    "TargetVolatility",
    "Volatility",
    "Weights",
    "asset_budgets",
    "check_bounds",
    "check_budgets",
    "spread_over_classes",
    "weight_bounds",
]
