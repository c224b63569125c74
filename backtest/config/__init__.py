"""Configurations: YAML files as frozen `RunConfig` models, with the place of every mistake."""

from backtest.config.load_config import load_config
from backtest.config.run_config import RunConfig
from backtest.strategy.choice import StrategyChoice

__all__ = ["RunConfig", "StrategyChoice", "load_config"]
