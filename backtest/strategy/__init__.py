"""Strategy interface: the base class, the view of the market, and the discovery and calls of strategies."""

from backtest.errors import InsufficientHistory, StrategyError
from backtest.strategy.allocation import Weights, check_bounds, spread_over_classes, weight_bounds
from backtest.strategy.base import Strategy
from backtest.strategy.budgets import Budgets, GroupBudget, asset_budgets, check_budgets
from backtest.strategy.scaling import GrossExposure, TargetVolatility, Volatility
from backtest.strategy.sleeves import Blended, Sleeve, ask_sleeves, sleeves_of_budgets
from backtest.strategy.view import MarketView, MarketViews
from backtest.strategy.weight_file import WeightFile, WeightsPath

__all__ = [
    "Blended",
    "Budgets",
    "GrossExposure",
    "GroupBudget",
    "InsufficientHistory",
    "MarketView",
    "MarketViews",
    "Sleeve",
    "Strategy",
    "StrategyError",
    "TargetVolatility",
    "Volatility",
    "WeightFile",
    "Weights",
    "WeightsPath",
    "ask_sleeves",
    "asset_budgets",
    "check_bounds",
    "check_budgets",
    "sleeves_of_budgets",
    "spread_over_classes",
    "weight_bounds",
]
