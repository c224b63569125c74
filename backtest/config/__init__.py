"""Configurations: from YAML to a frozen `RunConfig`, every mistake with its place."""

from backtest.config.loading import load_config
from backtest.config.run import RunConfig, StrategyChoice

__all__ = ["RunConfig", "StrategyChoice", "load_config"]
